/**
 * The profiler of a server with vllm-metal, over HTTP; replies are judged by who calls.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { callProfileRoute, type ProfileReply } from "../profile_routes.ts";

/** What all calls take. */
export interface MetalCall {
  /** Beginning of the name of the trace; older servers read no body. */
  prefix?: string;
  /** For a server that asks for a key. */
  apiKey?: string | undefined;
  /** How long the answer may take: a stop writes what was recorded. */
  timeoutMs?: number;
}

/**
 * Whether the server has the routes; a question without a side effect. Needs net permission.
 *
 * @throws {RunError} when the server cannot be reached.
 */
export async function hasProfileRoutes(
  context: RunContext,
  baseUrl: string,
  call: MetalCall = {},
): Promise<boolean> {
  const { status } = await send(context, baseUrl, "GET", "start_profile", call);
  return status !== 404;
}

/** Starts the profiler. @throws {RunError} when the server cannot be reached. */
export async function startProfile(
  context: RunContext,
  baseUrl: string,
  call: MetalCall = {},
): Promise<ProfileReply> {
  return await send(context, baseUrl, "POST", "start_profile", call);
}

/**
 * Stops the profiler, also when the run has been interrupted: nothing else would.
 *
 * @throws {RunError} when the server cannot be reached.
 */
export async function stopProfile(
  context: RunContext,
  baseUrl: string,
  call: Omit<MetalCall, "prefix"> = {},
): Promise<ProfileReply> {
  return await send(context, baseUrl, "POST", "stop_profile", call);
}

async function send(
  context: RunContext,
  baseUrl: string,
  method: "GET" | "POST",
  route: "start_profile" | "stop_profile",
  { prefix, apiKey, timeoutMs = 600_000 }: MetalCall,
): Promise<ProfileReply> {
  const timeout = AbortSignal.timeout(timeoutMs);
  return await callProfileRoute(baseUrl, {
    method,
    route,
    apiKey,
    body: prefix === undefined ? undefined : { profile_prefix: prefix },
    signal: route === "stop_profile" ? timeout : AbortSignal.any([context.signal, timeout]),
  });
}
