/**
 * vLLM's own switch for its profiler, over HTTP: `/start_profile` and `/stop_profile`.
 *
 * The routes are there only where the server was started with a profiler; without one they answer
 * 404.
 *
 * @module
 */

import { messageOf, RunError } from "../contract/errors.ts";

/** What a server answered. */
export interface ProfileReply {
  /** HTTP status. */
  status: number;
  body: string;
}

/** What is sent. */
export interface ProfileCall {
  /** POST acts; a GET touches nothing, and is answered with 405 where the route is there. */
  method: "GET" | "POST";
  route: "start_profile" | "stop_profile";
  /** A JSON document; servers before 0.33 read none. */
  body?: Readonly<Record<string, unknown>> | undefined;
  /** For a server that asks for a key. */
  apiKey?: string | undefined;
  /** Gives up waiting; a stop is answered when the traces have been written. */
  signal: AbortSignal;
}

/**
 * Calls a route. Needs net permission.
 *
 * @throws {RunError} when there is no answer, with the reason.
 */
export async function callProfileRoute(
  baseUrl: string,
  { method, route, body, apiKey, signal }: ProfileCall,
): Promise<ProfileReply> {
  const url = `${baseUrl}/${route}`;
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    return { status: response.status, body: await response.text() };
  } catch (error) {
    throw new RunError(`no answer from ${url} (${reasonOf(error)})`);
  }
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
