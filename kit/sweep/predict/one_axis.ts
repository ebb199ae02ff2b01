/**
 * The operators whose time depends on one number: tokens of the batch, or its requests.
 *
 * @module
 */

import type { Curve } from "./curve.ts";
import type { Operators, OutsideNotes } from "./operators.ts";
import type { PerfTables } from "./perf_tables.ts";

/** Tables, and the TP degree that they are of. */
export interface DegreeOfTables {
  readonly tables: PerfTables;
  readonly tp: number;
}

/**
 * Both kinds of operators.
 *
 * @param degreeOf The tables that a layer is read from, given how to find its curve in some.
 * @param read The time of a curve at a number, in ns.
 */
export function oneAxisOperators(
  degreeOf: (layer: string, curveIn: (tables: PerfTables) => Curve | undefined) => DegreeOfTables,
  read: (curve: Curve, query: number) => number,
): Pick<Operators, "dense" | "perSequence"> {
  const time = (
    layer: string,
    table: string,
    axis: string,
    curveIn: (tables: PerfTables) => Curve | undefined,
    query: number,
    outside: OutsideNotes,
  ) => {
    const { tables, tp } = degreeOf(layer, curveIn);
    const curve = curveIn(tables);
    if (!curve) return undefined;
    outside.check(`tp${tp}/${table}.csv`, axis, curve.keys, query);
    return read(curve, query);
  };
  return {
    dense: (layer, tokens, outside) =>
      time(layer, "dense", "tokens", ({ dense }) => dense?.get(layer), tokens, outside),
    perSequence: (layer, requests, outside) =>
      time(
        layer,
        "per_sequence",
        "sequences",
        ({ perSequence }) => perSequence?.get(layer),
        requests,
        outside,
      ),
  };
}
