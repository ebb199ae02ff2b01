/**
 * The throughput lines of a log, by engine.
 *
 * @module
 */

import { Samples } from "../../bundle/merge/samples.ts";
import type { LogParts, LogSpread, LogThroughputRow } from "../capture/log_model.ts";
import { MOST_ROWS, type Place } from "./place.ts";
import type { ThroughputMessage } from "./throughput_message.ts";

interface EngineSums {
  readonly prompt: Samples;
  readonly generation: Samples;
  readonly running: Samples;
  readonly waiting: Samples;
  readonly kvCache: Samples;
  prefixHit?: number;
  preemptions?: number;
}

/** Takes throughput lines one by one. */
export class ThroughputTable {
  readonly rows: LogThroughputRow[] = [];
  rowsLeftOut = 0;
  readonly #engines = new Map<string, EngineSums>();

  /** Takes a line. */
  add(told: ThroughputMessage, engine: string, place: Place): void {
    let sums = this.#engines.get(engine);
    if (!sums) {
      sums = {
        prompt: new Samples(),
        generation: new Samples(),
        running: new Samples(),
        waiting: new Samples(),
        kvCache: new Samples(),
      };
      this.#engines.set(engine, sums);
    }
    sums.prompt.add(told.promptTokensPerS);
    sums.generation.add(told.generationTokensPerS);
    sums.running.add(told.running);
    sums.waiting.add(told.waiting);
    if (told.kvCachePct !== undefined) sums.kvCache.add(told.kvCachePct);
    if (told.prefixHitPct !== undefined) sums.prefixHit = told.prefixHitPct;
    if (told.preemptions !== undefined) {
      sums.preemptions = (sums.preemptions ?? 0) + told.preemptions;
    }
    if (this.rows.length === MOST_ROWS) {
      this.rowsLeftOut++;
      return;
    }
    const optional = {
      deferred_requests: told.deferred,
      preemptions: told.preemptions,
      kv_cache_pct: told.kvCachePct,
      prefix_cache_hit_pct: told.prefixHitPct,
      external_prefix_cache_hit_pct: told.externalPrefixHitPct,
      mm_cache_hit_pct: told.mmHitPct,
    };
    this.rows.push({
      engine,
      ...(place.stamp ? { timestamp: place.stamp.text } : {}),
      prompt_tokens_per_s: told.promptTokensPerS,
      generation_tokens_per_s: told.generationTokensPerS,
      running_requests: told.running,
      waiting_requests: told.waiting,
      ...Object.fromEntries(
        Object.entries(optional).filter(([, value]) => value !== undefined),
      ),
      source: place.source,
      line: place.line,
    });
  }

  /** The parts of the document; none where there was no such line. */
  parts(): LogParts {
    if (this.#engines.size === 0) return {};
    return {
      throughput: [...this.#engines].map(([engine, sums]) => ({
        engine,
        lines: sums.prompt.count,
        prompt_tokens_per_s: spread(sums.prompt),
        generation_tokens_per_s: spread(sums.generation),
        running_requests: spread(sums.running),
        waiting_requests: spread(sums.waiting),
        ...(sums.kvCache.count > 0 ? { kv_cache_pct: spread(sums.kvCache) } : {}),
        ...(sums.prefixHit === undefined ? {} : { prefix_cache_hit_pct: sums.prefixHit }),
        ...(sums.preemptions === undefined ? {} : { preemptions: sums.preemptions }),
      })),
      throughput_rows: this.rows,
    };
  }
}

function spread(samples: Samples): LogSpread {
  const { mean, p50, max } = samples.statistics()!;
  return { mean, p50, max };
}
