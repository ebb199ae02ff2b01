/**
 * Times as LLMServingSim reads them from a sweep, to the nanosecond.
 *
 * @module
 */

import { roundHalfEven } from "../rounding.ts";
import { type Batch, decodeLengths, sum } from "./batch.ts";
import { bracketOf, type Curve, linear } from "./curve.ts";
import { oneAxisOperators } from "./one_axis.ts";
import type { Operators, OutsideNotes } from "./operators.ts";
import type { AttentionTable, PerfTables, Slice } from "./perf_tables.ts";
import type { SkewAlpha } from "./skew_alpha.ts";

/** What the method reads. Times are in whole ns. */
export interface ReferenceTables {
  readonly tp: number;
  /** Those of the TP degree. */
  readonly own: PerfTables;
  /** Those of TP 1, for what is the same at every degree; `own` where there are none. */
  readonly first: PerfTables;
  /** Number of the folder that `first` is of. */
  readonly firstTp: number;
  /** Layers that are taken from `first`. */
  readonly tpStable: ReadonlySet<string>;
  readonly alpha: SkewAlpha;
}

/** The operators of a sweep. */
export function referenceOperators(tables: ReferenceTables): Operators {
  const { own, first, tp, firstTp, tpStable, alpha } = tables;
  return {
    ...oneAxisOperators(
      (layer) => tpStable.has(layer) ? { tables: first, tp: firstTp } : { tables: own, tp },
      (curve, query) => whole(linear(curve, query)),
    ),
    attention(batch, outside) {
      const table = own.attention;
      return table && attention(table, batch, alpha, `tp${tp}/attention.csv`, outside);
    },
    moe({ tokens, activatedExperts }, outside) {
      const table = first.moe;
      if (!table) return undefined;
      const { experts, rows } = table;
      const { low, high, share } = bracketOf(experts, activatedExperts);
      outside.check(`tp${firstTp}/moe.csv`, "activated_experts", experts, activatedExperts);
      outside.check(`tp${firstTp}/moe.csv`, "tokens", extent(rows), tokens);
      const [from, to] = [linear(rows[low]!, tokens), linear(rows[high]!, tokens)];
      return whole(low === high ? from : from + share * (to - from));
    },
    expertLoad(tokens, { count, perToken }, ranks) {
      const chosen = Math.max(1, Math.min(perToken, count));
      const activated = Math.min(
        roundHalfEven(tokens * chosen / ranks),
        Math.max(1, Math.floor(count / ranks)),
      );
      const share = ranks <= 1 ? 1 : 1 - ((ranks - 1) / ranks) ** chosen;
      return {
        tokens: roundHalfEven(tokens * share),
        activatedExperts: Math.max(activated, 1),
      };
    },
  };
}

/** All chunks as one, and all decodes with the mean of their histories, then the skew. */
function attention(
  table: AttentionTable,
  batch: Batch,
  alpha: SkewAlpha,
  file: string,
  outside: OutsideNotes,
): number {
  const chunk = sum(batch.prefills, ({ tokens, count }) => tokens * count);
  const history = sum(batch.prefills, ({ history, count }) => history * count);
  const lengths = decodeLengths(batch);
  const decodes = lengths?.count ?? 0;
  const mean = lengths ? Math.floor(lengths.total / lengths.count) : 0;
  const at = (decodeHistory: number) => {
    noteOutside(table, file, [chunk, history, decodes, decodeHistory], outside);
    return uniform(table, chunk, history, decodes, decodeHistory);
  };
  const ofMean = at(mean);
  if (!lengths || decodes <= 1 || lengths.longest === mean) return ofMean;
  const { longest, shortest } = lengths;
  const rate = longest > shortest ? (mean - shortest) / (longest - shortest) : 0.5;
  const share = alpha({ chunk, history, decodes, longest, rate });
  if (share === 0) return ofMean;
  const ofLongest = at(longest);
  if (ofLongest <= ofMean) return ofMean;
  return Math.max(1, roundHalfEven(ofMean + share * (ofLongest - ofMean)));
}

/** A chunk beside decodes that are alike: a straight line along each of the four axes. */
function uniform(
  table: AttentionTable,
  chunk: number,
  history: number,
  decodes: number,
  decodeHistory: number,
): number {
  const corner = (chunkPlace: number, decodePlace: number) => {
    const [c, n] = [table.chunks[chunkPlace]!, table.decodes[decodePlace]!];
    const slice = table.slice(c, n) ?? nearest(table, c, n);
    return within(slice, history, decodeHistory);
  };
  const chunks = bracketOf(table.chunks, chunk);
  const counts = bracketOf(table.decodes, decodes);
  const [lowLow, lowHigh, highLow, highHigh] = [
    corner(chunks.low, counts.low),
    corner(chunks.low, counts.high),
    corner(chunks.high, counts.low),
    corner(chunks.high, counts.high),
  ];
  const low = lowLow + counts.share * (lowHigh - lowLow);
  const high = highLow + counts.share * (highHigh - highLow);
  return whole(low + chunks.share * (high - low));
}

/** The slice of the measured pair that is nearest by its squared distance; of several the first. */
function nearest(table: AttentionTable, chunk: number, decodes: number): Slice {
  const distance = ([c, n]: readonly [number, number]) => (c - chunk) ** 2 + (n - decodes) ** 2;
  const found = table.pairs.reduce((best, pair) => distance(pair) < distance(best) ? pair : best);
  return table.slice(...found)!;
}

function within({ histories, rows }: Slice, history: number, decodeHistory: number): number {
  const { low, high, share } = bracketOf(histories, history);
  const from = linear(rows[low]!, decodeHistory);
  if (low === high) return from;
  return from + share * (linear(rows[high]!, decodeHistory) - from);
}

/** Notes what of a query was not measured. */
export function noteOutside(
  table: AttentionTable,
  file: string,
  [chunk, history, decodes, decodeHistory]: readonly [number, number, number, number],
  outside: OutsideNotes,
): void {
  outside.check(file, "prefill_chunk", table.chunks, chunk);
  outside.check(file, "n_decode", table.decodes, decodes);
  const beside = decodes === 0 ? [0] : table.decodes.filter((count) => count > 0);
  const c = atOrAbove(table.chunks, chunk);
  // Large chunks were not measured beside many decodes.
  const counts = beside.filter((count) => table.slice(c, count));
  if (counts.length === 0) return;
  outside.check(file, "n_decode", counts, decodes);
  const slice = table.slice(c, atOrAbove(counts, decodes))!;
  if (chunk > 0) outside.check(file, "kv_prefill", slice.histories, history);
  const row = slice.rows[slice.histories.indexOf(atOrAbove(slice.histories, history))]!;
  if (decodes > 0) outside.check(file, "kv_decode", row.keys, decodeHistory);
}

function atOrAbove(keys: readonly number[], query: number): number {
  return keys.find((key) => key >= query) ?? keys.at(-1)!;
}

/** The least and the largest key of some curves. */
export function extent(curves: readonly Curve[]): readonly [number, number] {
  return curves.reduce<[number, number]>(
    ([from, to], { keys }) => [Math.min(from, keys[0]!), Math.max(to, keys.at(-1)!)],
    [Infinity, -Infinity],
  );
}

/** Cut to whole ns, one at least. */
function whole(ns: number): number {
  return Math.max(1, Math.trunc(ns));
}
