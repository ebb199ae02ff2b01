/**
 * vLLM's own switch for its profiler, over HTTP: `POST /start_profile` and `POST /stop_profile`.
 *
 * The routes are there only where the server was started with a profiler; without one they answer
 * 404. A prefix for the file names is taken by newer servers; older ones read no body.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { messageOf, RunError } from "../contract/errors.ts";

/** What a server answered. */
export interface ProfileReply {
  /** HTTP status. */
  status: number;
  body: string;
}

/** What both calls take. */
export interface ProfileCall {
  /** Beginning of the names of the files that will be written. */
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
  call: ProfileCall = {},
): Promise<boolean> {
  // A route that takes only POST answers a GET with 405.
  const { status } = await send(context, "GET", `${baseUrl}/start_profile`, call, true);
  return status !== 404;
}

/** Starts the profiler. @throws {RunError} when the server cannot be reached. */
export async function startProfile(
  context: RunContext,
  baseUrl: string,
  call: ProfileCall = {},
): Promise<ProfileReply> {
  return await send(context, "POST", `${baseUrl}/start_profile`, call, true);
}

/**
 * Stops the profiler, also when the run has been interrupted: nothing else would.
 *
 * @throws {RunError} when the server cannot be reached.
 */
export async function stopProfile(
  context: RunContext,
  baseUrl: string,
  call: Omit<ProfileCall, "prefix"> = {},
): Promise<ProfileReply> {
  return await send(context, "POST", `${baseUrl}/stop_profile`, call, false);
}

async function send(
  context: RunContext,
  method: "GET" | "POST",
  url: string,
  { prefix, apiKey, timeoutMs = 600_000 }: ProfileCall,
  interruptible: boolean,
): Promise<ProfileReply> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...(prefix === undefined ? {} : { "content-type": "application/json" }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      ...(prefix === undefined ? {} : { body: JSON.stringify({ profile_prefix: prefix }) }),
      signal: interruptible ? AbortSignal.any([context.signal, timeout]) : timeout,
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    const why = timeout.aborted
      ? `no answer within ${Math.round(timeoutMs / 1000)} s`
      : messageOf(error);
    throw new RunError(`${method} ${url} failed: ${why}`);
  }
}
