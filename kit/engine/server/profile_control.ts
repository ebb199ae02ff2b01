/**
 * Starting and stopping the profiler of a vLLM that runs, over HTTP.
 *
 * vLLM has the routes only where a profiler was configured at its start.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";

/** What the server's `/start_profile` takes. */
export interface ProfileRoutes {
  /** Fields of its body; empty where it takes none, undefined where the server does not tell. */
  fields: readonly string[] | undefined;
}

/** Bounds and name of one capture; a server that knows no such field ignores it. */
export interface ProfileStart {
  /** Goes ahead of the names of the files. */
  prefix?: string | undefined;
  /** vLLM's own count: it begins with this step, so it lets one fewer pass. */
  delayIterations?: number | undefined;
  maxIterations?: number | undefined;
}

const LOOK_MS = 10_000;
const START_MS = 60_000;
const UNDO_MS = 10_000;

/**
 * Makes sure that a server answers and has a profiler, without starting it. Needs net permission.
 *
 * @param remedy How to start a server that has one, for the message.
 * @throws {UsageError} when nobody answers, or the server has no profiler.
 */
export async function requireProfiler(
  context: RunContext,
  baseUrl: string,
  remedy: string,
): Promise<ProfileRoutes> {
  const subject = `Cannot profile ${baseUrl}: `;
  let status: number;
  try {
    // The route takes POST alone: a GET touches nothing, and tells whether it is there.
    const response = await fetch(`${baseUrl}/start_profile`, { signal: limit(context, LOOK_MS) });
    await response.body?.cancel();
    status = response.status;
  } catch (error) {
    throw new UsageError(
      `${subject}no server answers there (${reasonOf(error)}); start it, or correct the address`,
    );
  }
  if (status === 404) {
    throw new UsageError(
      `${subject}the server has no profiler configured (404 for /start_profile); ${remedy}`,
    );
  }
  if (status !== 405 && status !== 200) {
    throw new UsageError(
      `${subject}the server answers ${status} to /start_profile` +
        (status === 401 || status === 403
          ? ", so something in front of vLLM wants a key; give vLLM's own address"
          : status >= 500
          ? ", so it is in trouble itself; look into its log"
          : ", which no vLLM does; give the address of a vLLM server"),
    );
  }
  return { fields: await startFields(context, baseUrl) };
}

/** The fields of the body, from the server's own description of itself. */
async function startFields(
  context: RunContext,
  baseUrl: string,
): Promise<readonly string[] | undefined> {
  try {
    const response = await fetch(`${baseUrl}/openapi.json`, { signal: limit(context, LOOK_MS) });
    if (!response.ok) {
      await response.body?.cancel();
      return undefined;
    }
    const { paths, components } = await response.json();
    const post = paths?.["/start_profile"]?.post;
    if (!post) return undefined;
    if (!post.requestBody) return [];
    const text = JSON.stringify(post.requestBody);
    const name = /#\/components\/schemas\/(\w+)/.exec(text)?.[1];
    return Object.keys(components?.schemas?.[name ?? ""]?.properties ?? {});
  } catch {
    return undefined;
  }
}

/**
 * Starts the profiler. Needs net permission. A start that is not answered, or that Ctrl-C breaks off,
 * is followed by a stop: it may have taken effect all the same.
 *
 * @throws {RunError} when the server refuses, or does not answer.
 */
export async function startProfile(
  context: RunContext,
  baseUrl: string,
  { prefix, delayIterations, maxIterations }: ProfileStart = {},
): Promise<void> {
  const body = {
    ...(prefix === undefined ? {} : { profile_prefix: prefix }),
    ...(delayIterations === undefined ? {} : { delay_iterations: delayIterations }),
    ...(maxIterations === undefined ? {} : { max_iterations: maxIterations }),
  };
  const any = Object.keys(body).length > 0;
  const init = any
    ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }
    : {};
  const undo = () => stopProfile(baseUrl, { signal: AbortSignal.timeout(UNDO_MS) }).catch(() => {});
  const signal = limit(context, START_MS);
  await post(`${baseUrl}/start_profile`, "start the profiler", signal, init, undo);
}

/**
 * Stops the profiler; the server answers when it has written the traces, which may take minutes.
 * Harmless where it has stopped by itself. Needs net permission.
 *
 * @param options.signal Gives up waiting. Ctrl-C does not: a server must not be left profiling.
 * @throws {RunError} when the server refuses, does not answer, or is given up on.
 */
export async function stopProfile(
  baseUrl: string,
  options: { signal: AbortSignal },
): Promise<void> {
  await post(`${baseUrl}/stop_profile`, "stop the profiler", options.signal, {});
}

async function post(
  url: string,
  what: string,
  signal: AbortSignal,
  init: RequestInit,
  unanswered?: () => Promise<void>,
): Promise<void> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method: "POST", ...init, signal });
    text = await response.text();
  } catch (error) {
    await unanswered?.();
    throw new RunError(`Cannot ${what}: no answer from ${url} (${reasonOf(error)})`);
  }
  if (response.ok) return;
  const detail = text.trim().slice(0, 300);
  throw new RunError(
    `Cannot ${what}: ${url} answers ${response.status}${detail ? ` (${detail})` : ""}` +
      (response.status === 404 ? "; the server has no profiler configured" : ""),
  );
}

function limit(context: RunContext, ms: number): AbortSignal {
  return AbortSignal.any([context.signal, AbortSignal.timeout(ms)]);
}

/** What is behind a failed fetch, which wraps its cause in several layers. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return "it took too long";
  const layers: string[] = [];
  for (let layer = error; layer instanceof Error && layers.length < 5; layer = layer.cause) {
    layers.push(messageOf(layer));
  }
  const known =
    /(connection refused|connection reset|connection closed|dns error|failed to lookup[^:]*)/i;
  const match = known.exec(layers.join("; "));
  return match?.[1]?.toLowerCase() ?? layers.at(-1) ?? messageOf(error);
}
