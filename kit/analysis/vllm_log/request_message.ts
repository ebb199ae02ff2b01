/**
 * What `--enable-log-requests` and `--enable-log-outputs` write, and the HTTP server's own lines.
 *
 * @module
 */

/** What a line says of requests. Ids are as the line has them. */
export type RequestMessage =
  /** By the id that the client knows. */
  | { readonly event: "received"; readonly id: string }
  /** By the engine's id: from 0.15 on it has eight more letters, and a number before for each answer. */
  | { readonly event: "added"; readonly id: string }
  | { readonly event: "answered"; readonly id: string; readonly reason?: string }
  | { readonly event: "failed"; readonly id: string; readonly reason: string }
  | { readonly event: "aborted"; readonly ids: readonly string[] }
  /** One of many that together make an answer: it tells nothing more. */
  | { readonly event: "delta" };

const RECEIVED = /^Received request (.+?): (?:params|prompt): /;
const ADDED = /^Added request (.+)\.$/;
const ABORTED = /^Aborted request\(s\) (.*)\.$/;
const ABORTED_ONE = /^Request (.+) aborted\.$/;
const FAILED = /^Request (.+?) failed(?: \(([^()]*)\)(?:: .*)?| due to (.*))?\.$/s;
const ANSWERED =
  /^Generated response (.+?)( \(streaming (?:delta|complete)\))?: output: .*?(?:, finish_reason: (\w+))?$/s;

/** Reads the message of a line; nothing where it tells nothing of requests. */
export function readRequest(message: string): RequestMessage | undefined {
  switch (message.slice(0, 5)) {
    case "Recei":
      return event("received", RECEIVED.exec(message));
    case "Added":
      return event("added", ADDED.exec(message));
    case "Abort": {
      const found = ABORTED.exec(message);
      return found ? { event: "aborted", ids: found[1]!.split(",").filter(Boolean) } : undefined;
    }
    case "Reque": {
      const aborted = ABORTED_ONE.exec(message);
      if (aborted) return { event: "aborted", ids: [aborted[1]!] };
      const failed = FAILED.exec(message);
      if (!failed) return undefined;
      return { event: "failed", id: failed[1]!, reason: failed[2] ?? failed[3] ?? "not told" };
    }
    case "Gener": {
      const found = ANSWERED.exec(message);
      if (!found) return undefined;
      const [, id, kind, reason] = found;
      if (kind?.includes("delta")) return { event: "delta" };
      return {
        event: "answered",
        id: id!,
        ...(reason === undefined || reason === "None" ? {} : { reason }),
      };
    }
  }
  return undefined;
}

function event(
  event: "received" | "added",
  found: RegExpExecArray | null,
): RequestMessage | undefined {
  return found ? { event, id: found[1]! } : undefined;
}

/** An answer of the HTTP server. */
export interface HttpMessage {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly status: number;
}

/** From the middle on: a process may put its name before the line, and then a level. */
const HTTP =
  /^(?:\([^()"]* pid=\d+\) )?(?:INFO:\s+)?\S+ - "([A-Z]+) ([^ "?]+)[^ "]* HTTP\/[\d.]+" (\d{3})(?: [\w '-]+)?$/;

/** Reads a line of uvicorn's access log. */
export function readHttp(message: string): HttpMessage | undefined {
  const [, method, path, status] = HTTP.exec(message) ?? [];
  return method === undefined ? undefined : { method, path: path!, status: Number(status) };
}
