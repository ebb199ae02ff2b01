/**
 * Times between the points of a sweep, as well as its tables tell them.
 *
 * What is different from LLMServingSim's reading was chosen by holding points of published sweeps out
 * (docs/sweep.md, "How far it is from the truth").
 *
 * @module
 */

import { type Batch, decodeLengths, type Requests, sum } from "./batch.ts";
import { blend, monotone, steady, wideBracketOf } from "./curve.ts";
import { oneAxisOperators } from "./one_axis.ts";
import type { Operators, OutsideNotes } from "./operators.ts";
import type { AttentionTable, PerfTables, Slice } from "./perf_tables.ts";
import { extent, noteOutside } from "./reference.ts";
import type { SkewAlpha } from "./skew_alpha.ts";

/** What the method reads. Times are in ns. */
export interface InterpolatedTables {
  readonly tp: number;
  /** Those of the TP degree. */
  readonly own: PerfTables;
  /** Those of TP 1, for what `own` lacks. */
  readonly first: PerfTables;
  readonly firstTp: number;
  readonly alpha: SkewAlpha;
}

/** The operators of a sweep. */
export function interpolatedOperators(tables: InterpolatedTables): Operators {
  const { own, first, tp, firstTp, alpha } = tables;
  return {
    ...oneAxisOperators(
      (_, curveIn) => curveIn(own) ? { tables: own, tp } : { tables: first, tp: firstTp },
      steady,
    ),
    attention(batch, outside) {
      const table = own.attention;
      return table && attentionTime(table, batch, alpha, `tp${tp}/attention.csv`, outside);
    },
    moe({ tokens, activatedExperts }, outside) {
      if (!first.moe) return undefined;
      const { experts, rows } = first.moe;
      outside.check(`tp${firstTp}/moe.csv`, "activated_experts", experts, activatedExperts);
      outside.check(`tp${firstTp}/moe.csv`, "tokens", extent(rows), tokens);
      const { low, high, share } = wideBracketOf(experts, activatedExperts);
      const from = steady(rows[low]!, tokens);
      return low === high ? from : blend(from, steady(rows[high]!, tokens), share);
    },
    // Different experts that independent choices hit; a router that prefers some hits fewer.
    expertLoad(tokens, { count, perToken }, ranks) {
      const chosen = Math.min(perToken, count) / count;
      return {
        tokens: Math.max(1, tokens * (1 - (1 - 1 / ranks) ** (ranks > 1 ? perToken : Infinity))),
        activatedExperts: Math.max(1, count / ranks * (1 - (1 - chosen) ** tokens)),
      };
    },
  };
}

function attentionTime(
  table: AttentionTable,
  batch: Batch,
  alpha: SkewAlpha,
  file: string,
  outside: OutsideNotes,
): number {
  const lengths = decodeLengths(batch);
  if (!lengths) return withPrefills(table, batch.prefills, 0, 0, file, outside);
  const { count, total, longest, shortest } = lengths;
  const at = (history: number) =>
    withPrefills(table, batch.prefills, count, history, file, outside);
  const mean = total / count;
  const ofMean = at(mean);
  if (longest === shortest) return ofMean;
  const share = alpha({
    chunk: sum(batch.prefills, ({ tokens, count }) => tokens * count),
    history: sum(batch.prefills, ({ history, count }) => history * count),
    decodes: count,
    longest,
    rate: (mean - shortest) / (longest - shortest),
  });
  if (share === 0) return ofMean;
  const ofLongest = at(longest);
  return ofLongest > ofMean ? ofMean + share * (ofLongest - ofMean) : ofMean;
}

/**
 * Decodes that are alike beside any prefills. A sweep measures one prefill at a time: of several the
 * longest is taken beside the decodes, and each other adds what it takes alone above the least time of
 * the table; all together take no longer than one chunk of all their tokens behind all their histories.
 */
function withPrefills(
  table: AttentionTable,
  prefills: readonly Requests[],
  decodes: number,
  history: number,
  file: string,
  outside: OutsideNotes,
): number {
  const at = (tokens: number, behind: number, beside: number, of: number) => {
    noteOutside(table, file, [tokens, behind, beside, of], outside);
    return uniform(table, tokens, behind, beside, of);
  };
  if (prefills.length === 0) return at(0, 0, decodes, history);
  const requests = sum(prefills, ({ count }) => count);
  const work = ({ tokens, history: behind }: Requests) => tokens * (behind + (tokens + 1) / 2);
  const longest = prefills.reduce((most, one) => work(one) > work(most) ? one : most);
  const first = at(longest.tokens, longest.history, decodes, history);
  if (requests === 1) return first;
  const alone = new Map(prefills.map((group) => [
    group,
    at(group.tokens, group.history, 0, 0),
  ]));
  const least = Math.min(leastTime(table), ...alone.values());
  const others = prefills.reduce((total, group) => {
    const more = group.count - (group === longest ? 1 : 0);
    return total + more * (alone.get(group)! - least);
  }, 0);
  // Only a bound: that it may lie outside of the grid says nothing of the answer.
  const together = uniform(
    table,
    sum(prefills, ({ tokens, count }) => tokens * count),
    sum(prefills, ({ history: behind, count }) => behind * count),
    decodes,
    history,
  );
  return Math.max(first, Math.min(first + others, together));
}

const LEAST = new WeakMap<AttentionTable, number>();

/** The shortest time of the table: what a call costs that has hardly anything to do. */
function leastTime(table: AttentionTable): number {
  let least = LEAST.get(table);
  if (least === undefined) {
    least = Infinity;
    for (const pair of table.pairs) {
      for (const { values } of table.slice(...pair)!.rows) least = Math.min(least, ...values);
    }
    LEAST.set(table, least);
  }
  return least;
}

/**
 * A chunk beside decodes that are alike. Straight lines along both histories, in which attention is
 * linear; monotone cubics along chunk and number of decodes, in which it is not. Without decodes only
 * rows without decodes count, and with some only rows that have some.
 */
function uniform(
  table: AttentionTable,
  chunk: number,
  history: number,
  decodes: number,
  decodeHistory: number,
): number {
  const overCounts = (c: number): number | undefined => {
    if (decodes === 0) {
      const slice = table.slice(c, 0);
      return slice && within(slice, history, 0);
    }
    return at(
      table.decodes.filter((count) => count > 0),
      (count) => {
        const slice = table.slice(c, count);
        return slice && within(slice, history, decodeHistory);
      },
      decodes,
    );
  };
  const found = chunk === 0
    ? overCounts(0)
    : at(table.chunks.filter((c) => c > 0 || decodes > 0), overCounts, chunk);
  // A table without such rows at all: those that it has are nearest.
  return Math.max(0, found ?? anyTime(table, history, decodeHistory));
}

function at(
  keys: readonly number[],
  value: (key: number) => number | undefined,
  query: number,
): number | undefined {
  const curve = { keys: [] as number[], values: [] as number[] };
  for (const key of keys) {
    const found = value(key);
    if (found === undefined) continue;
    curve.keys.push(key);
    curve.values.push(found);
  }
  return curve.keys.length === 0 ? undefined : monotone(curve, query);
}

function anyTime(table: AttentionTable, history: number, decodeHistory: number): number {
  return within(table.slice(...table.pairs[0]!)!, history, decodeHistory);
}

function within({ histories, rows }: Slice, history: number, decodeHistory: number): number {
  const { low, high, share } = wideBracketOf(histories, history);
  const from = steady(rows[low]!, decodeHistory);
  return low === high ? from : blend(from, steady(rows[high]!, decodeHistory), share);
}
