/**
 * How many answers of each kind the HTTP server gave.
 *
 * @module
 */

import type { LogHttpRow } from "../capture/log_model.ts";
import type { HttpMessage } from "./request_message.ts";

/** Different kinds beyond so many share one row: anybody may ask for any path. */
const MOST_KINDS = 200;

/** Counts answers. */
export class HttpTable {
  count = 0;
  readonly #rows = new Map<string, LogHttpRow>();

  /** Takes an answer. */
  add({ method, path, status }: HttpMessage): void {
    this.count++;
    const key = `${method} ${path} ${status}`;
    const known = this.#rows.has(key) || this.#rows.size < MOST_KINDS;
    const kind = known ? { method, path, status } : { method, path: "(others)", status };
    const name = known ? key : `${method} (others) ${status}`;
    this.#rows.set(name, { ...kind, count: (this.#rows.get(name)?.count ?? 0) + 1 });
  }

  /** The kinds, the commonest first. */
  rows(): LogHttpRow[] {
    return [...this.#rows.values()].sort((a, b) => b.count - a.count);
  }
}
