/**
 * `/metrics`: a session's metrics over HTTP.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import type { Follower } from "../../analysis/live/follow.ts";
import { type Exposition, exposition } from "../../analysis/metrics/families.ts";
import type { ListenAddress } from "./address.ts";

/** Content types by form. */
const TYPES: Record<Exposition, string> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** A server that runs. */
export interface MetricsServer {
  readonly url: string;
  /** Ends it; answers that are on their way are finished. */
  close(): Promise<void>;
}

/**
 * Serves the metrics of a session until `close` is called. Each scrape reads what is new.
 *
 * @throws {UsageError} when the address cannot be listened on. Needs net permission.
 */
export function serveMetrics(
  context: RunContext,
  follower: Follower,
  { hostname, port }: ListenAddress,
): MetricsServer {
  let server: Deno.HttpServer<Deno.NetAddr>;
  const ending = new AbortController();
  try {
    server = Deno.serve({
      hostname,
      port,
      signal: ending.signal,
      onListen: () => {},
      onError: (error) => {
        context.output.detail(`A scrape failed: ${messageOf(error)}`);
        return new Response("The session cannot be read\n", { status: 500 });
      },
    }, (request) => answer(request, follower));
  } catch (error) {
    throw new UsageError(
      `Cannot serve metrics at ${hostname}:${port}: ${messageOf(error)}; give another address`,
    );
  }
  const { hostname: host, port: chosen } = server.addr;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${chosen}/metrics`,
    async close() {
      ending.abort();
      await server.finished;
    },
  };
}

async function answer(request: Request, follower: Follower): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("GET /metrics\n", { status: 405, headers: { allow: "GET, HEAD" } });
  }
  if (pathname !== "/metrics") {
    return pathname === "/"
      ? new Response("vscope: the metrics are at /metrics\n")
      : new Response("There are only /metrics\n", { status: 404 });
  }
  const form = wantedForm(request.headers.get("accept"));
  await follower.catchUp();
  return new Response(exposition(follower.live.snapshot(), form), {
    headers: { "content-type": TYPES[form], "cache-control": "no-store", "vary": "Accept" },
  });
}

/** OpenMetrics for those who ask for it at least as much as for plain text, else plain text. */
export function wantedForm(accept: string | null): Exposition {
  const weights = { "application/openmetrics-text": 0, "text/plain": 0 };
  for (const part of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    if (!Object.hasOwn(weights, type)) continue;
    const given = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = given === undefined ? 1 : Number(given.slice(2));
    const name = type as keyof typeof weights;
    if (Number.isFinite(weight)) weights[name] = Math.max(weights[name], weight);
  }
  const open = weights["application/openmetrics-text"];
  return open > 0 && open >= weights["text/plain"] ? "openmetrics" : "prometheus";
}
