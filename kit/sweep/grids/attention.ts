/**
 * Attention: a chunk of a prompt with its history, beside decodes that are all alike.
 *
 * @module
 */

import { axisFromZero } from "./axes.ts";
import { Sieve, type SweepCategory } from "./grid.ts";
import { fitsCache, inBlocks, type Limits } from "./limits.ts";
import type { Run } from "./shot.ts";

const SMALLEST_CHUNK = 16;
const SMALLEST_HISTORY = 16;

/** Why a key is no batch that vLLM could run; undefined where it is one. */
function leftOut(
  limits: Limits,
  chunk: number,
  prefillHistory: number,
  decodes: number,
  decodeHistory: number,
): string | undefined {
  if (chunk === 0 && decodes === 0) return "neither a prefill nor a decode";
  if (chunk === 0 && prefillHistory !== 0) return "no prefill that could have a history";
  if (decodes === 0 && decodeHistory !== 0) return "no decode that could have a history";
  if (decodes > 0 && decodeHistory === 0) return "a decode always has a history";
  const { maxNumBatchedTokens, maxNumSeqs, maxModelLen } = limits;
  if (chunk + decodes > maxNumBatchedTokens + maxNumSeqs) {
    return "more tokens than max_num_batched_tokens + max_num_seqs";
  }
  if ((chunk > 0 ? 1 : 0) + decodes > maxNumSeqs) return "more requests than max_num_seqs";
  if (chunk > 0 && chunk + prefillHistory + 1 > maxModelLen) {
    return "the prefill reaches max_model_len";
  }
  if (decodes > 0 && decodeHistory + 2 > maxModelLen) return "the decodes reach max_model_len";
  const tokens = (chunk > 0 ? inBlocks(chunk + prefillHistory) : 0) +
    decodes * inBlocks(1 + decodeHistory);
  return fitsCache(limits, tokens) ? undefined : "the KV cache is too small";
}

/** A prefill, if there is one, before the decodes. */
export function prefill(chunk: number, history: number): readonly Run[] {
  return chunk > 0 ? [[chunk, history, 1]] : [];
}

/** The category. */
export const attention: SweepCategory = {
  name: "attention",
  columns: ["prefill_chunk", "kv_prefill", "n_decode", "kv_decode"],
  axes(limits, density) {
    const longest = Math.min(density.attentionMaxKv, limits.maxModelLen);
    const histories = axisFromZero(SMALLEST_HISTORY, longest, density.attentionKvFactor);
    return [
      axisFromZero(SMALLEST_CHUNK, limits.maxNumBatchedTokens, density.attentionChunkFactor),
      histories,
      axisFromZero(1, limits.maxNumSeqs, 2),
      histories,
    ];
  },
  grid(limits, density) {
    const sieve = new Sieve();
    const [chunks, prefillHistories, decodeCounts, decodeHistories] = this.axes(limits, density);
    for (const chunk of chunks!) {
      for (const prefillHistory of prefillHistories!) {
        for (const decodes of decodeCounts!) {
          for (const decodeHistory of decodeHistories!) {
            sieve.take(
              [chunk, prefillHistory, decodes, decodeHistory],
              leftOut(limits, chunk, prefillHistory, decodes, decodeHistory),
            );
          }
        }
      }
    }
    return sieve.grid();
  },
  shots: ([chunk, prefillHistory, decodes, decodeHistory]) => [{
    requests: [...prefill(chunk!, prefillHistory!), [1, decodeHistory!, decodes!]],
  }],
};
