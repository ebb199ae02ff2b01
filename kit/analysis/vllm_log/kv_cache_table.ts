/**
 * The KV cache of each engine, put together from its lines.
 *
 * @module
 */

import type { LogKvCache } from "../capture/log_model.ts";
import type { KvCacheMessage } from "./kv_cache_message.ts";

/** Takes lines one by one; a server that starts again tells its cache again. */
export class KvCacheTable {
  readonly #rows = new Map<string, LogKvCache>();

  /** Takes a line. */
  add(told: KvCacheMessage, engine: string, source: number, pid: number | undefined): void {
    const key = `${source} ${engine} ${pid ?? ""}`;
    const row = {
      ...(told.device === undefined ? {} : { device: told.device }),
      ...(told.sizeTokens === undefined ? {} : { size_tokens: told.sizeTokens }),
      ...(told.maxConcurrency === undefined ? {} : { max_concurrency: told.maxConcurrency }),
      ...(told.requestTokens === undefined ? {} : { request_tokens: told.requestTokens }),
      ...(told.availableGib === undefined ? {} : { available_gib: told.availableGib }),
    };
    this.#rows.set(key, { ...(this.#rows.get(key) ?? { engine, source }), ...row });
  }

  /** The rows, in the order in which they were told. */
  rows(): LogKvCache[] {
    return [...this.#rows.values()];
  }
}
