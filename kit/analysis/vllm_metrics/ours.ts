/**
 * What vscope's own tables say of the things that vLLM counts too.
 *
 * @module
 */

import { Samples } from "../../bundle/merge/samples.ts";
import type { SessionTableName } from "../../bundle/session/session_tables.ts";
import type { FileSystem } from "../../contract/context.ts";
import { type Cell, eachRow, type NumberCell } from "../table_rows.ts";

/** Counts, and times in seconds; absent where the table is missing. */
export interface OwnCounts {
  requests?: number;
  aborted?: number;
  unfinished?: number;
  promptTokens?: number;
  cachedTokens?: number;
  generatedTokens?: number;
  preemptions?: number;
  batches?: number;
  scheduledTokens?: number;
  kvPeakPct?: number;
  evictions?: number;
  evictedLifetime: Samples;
  evictedIdle: Samples;
  firstToken: Samples;
  queue: Samples;
  whole: Samples;
  perToken: Samples;
  /** Passes of the first rank by the mode of their CUDA graph. */
  graphModes: Map<string, number>;
}

/** Reads the tables, row by row. Needs read permission. */
export async function ownCounts(files: FileSystem, dir: string): Promise<OwnCounts> {
  const found: OwnCounts = {
    evictedLifetime: new Samples(),
    evictedIdle: new Samples(),
    firstToken: new Samples(),
    queue: new Samples(),
    whole: new Samples(),
    perToken: new Samples(),
    graphModes: new Map(),
  };
  type Count = {
    [K in keyof OwnCounts]-?: NonNullable<OwnCounts[K]> extends number ? K : never;
  }[keyof OwnCounts];
  const add = (name: Count, value: number) => {
    found[name] = (found[name] ?? 0) + (Number.isFinite(value) ? value : 0);
  };
  const each = async (
    table: SessionTableName,
    counts: readonly Count[],
    take: (cell: Cell, number: NumberCell) => void,
  ) => {
    const read = await eachRow(files, dir, table, take);
    // A table without rows says that there were none.
    if (read) { for (const name of counts) add(name, 0); }
  };
  await each(
    "request_lifecycle",
    ["requests", "aborted", "unfinished", "promptTokens", "cachedTokens", "generatedTokens"],
    (cell, number) => {
      const status = cell("status");
      if (status === "unfinished") add("unfinished", 1);
      else add("requests", 1);
      if (/abort/.test(status)) add("aborted", 1);
      add("promptTokens", number("prompt_tokens"));
      add("cachedTokens", number("cached_tokens"));
      add("generatedTokens", number("generated_tokens"));
      const [queued, first, finished] = [
        number("queued_sec"),
        number("first_token_sec"),
        number("finished_sec"),
      ];
      found.queue.add(number("started_sec") - queued);
      found.firstToken.add(first - queued);
      found.whole.add(finished - queued);
      const later = number("generated_tokens") - 1;
      if (later > 0) found.perToken.add((finished - first) / later);
    },
  );
  await each("preemption_events", ["preemptions"], (cell) => {
    if (cell("event") === "preempted") add("preemptions", 1);
  });
  await each("batch_utilization", ["batches", "scheduledTokens"], (_cell, number) => {
    add("batches", 1);
    add("scheduledTokens", number("context_tokens") + number("generation_tokens"));
  });
  await each("kv_cache_usage", [], (_cell, number) => {
    const pct = number("usage_pct");
    if (!(pct <= (found.kvPeakPct ?? -1))) found.kvPeakPct = pct;
  });
  await each("kv_cache_evictions", ["evictions"], (_cell, number) => {
    add("evictions", 1);
    found.evictedLifetime.add(number("lifetime_sec"));
    found.evictedIdle.add(number("idle_sec"));
  });
  await each("forward_pass_timing", [], (cell) => {
    const mode = cell("cudagraph_mode");
    if (mode === "" || (cell("rank") !== "" && cell("rank") !== "0")) return;
    found.graphModes.set(mode, (found.graphModes.get(mode) ?? 0) + 1);
  });
  return found;
}
