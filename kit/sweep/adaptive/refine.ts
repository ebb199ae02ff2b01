/**
 * Where a lattice is to be made finer: what each new row or column promises, by what is known of others.
 *
 * @module
 */

import { rising } from "./blocks.ts";
import { between, errorOf, type Lattice, type TimesAt } from "./lattice.ts";

/** Keys to be measured together. */
export interface Refinement {
  /** Places in the grid that are not measured. */
  readonly places: readonly number[];
  /** Σ of the errors that it is expected to take away, over the keys of the table. */
  readonly gain: number;
}

/** An error of a straight line over a node that is measured, as if the node were not. */
interface Bend {
  readonly at: readonly number[];
  readonly axis: Axis;
  readonly node: number;
  /** Steps of the grid between the nodes around it. */
  readonly width: number;
  readonly error: number;
}

type Axis = "inner" | "outer";

/** What a straight line is taken to miss where nothing is known, for times that differ by a factor of e. */
const UNKNOWN_ERROR = 0.1;
const UNKNOWN_WEIGHT = 0.5;
/** What even level times may differ by. */
const ROUGHNESS = 0.02;

/** The refinements of the lattices of one table. */
export function refinements(
  lattices: readonly Lattice[],
  times: TimesAt,
  keys: number,
): Refinement[] {
  const bends = lattices.flatMap((lattice) => bendsOf(lattice, times));
  return lattices.flatMap((lattice) =>
    (["inner", "outer"] as const).flatMap((axis) => alongAxis(lattice, axis, times, bends, keys))
  );
}

function nodesOf({ rows, columns }: Lattice, axis: Axis): readonly number[] {
  return axis === "inner" ? columns : rows;
}

/** The times of a node, one for each node of the other axis that has it. */
function line(lattice: Lattice, axis: Axis, node: number, times: TimesAt) {
  const { block, rows, columns } = lattice;
  const others = axis === "inner" ? rows : columns;
  return new Map(others.flatMap((other) => {
    const place = axis === "inner" ? block.cell(other, node) : block.cell(node, other);
    const found = place === undefined ? undefined : times(place);
    return found ? [[other, found] as const] : [];
  }));
}

/** How much the times of a node differ from a straight line between two others. */
function bend(
  lattice: Lattice,
  axis: Axis,
  [below, node, above]: readonly [number, number, number],
  times: TimesAt,
): number | undefined {
  const values = lattice.block[axis];
  const [start, middle, end] = [below, node, above].map((place) =>
    line(lattice, axis, place, times)
  );
  const errors = [...middle!].flatMap(([other, measured]) => {
    const [from, to] = [start!.get(other), end!.get(other)];
    if (!from || !to) return [];
    const read = between(values[below]!, from, values[above]!, to, values[node]!);
    return [errorOf(read, measured)];
  });
  return errors.length === 0 ? undefined : mean(errors);
}

function bendsOf(lattice: Lattice, times: TimesAt): Bend[] {
  return (["inner", "outer"] as const).flatMap((axis) => {
    const nodes = nodesOf(lattice, axis);
    return nodes.slice(1, -1).flatMap((node, place) => {
      const [below, above] = [nodes[place]!, nodes[place + 2]!];
      const error = bend(lattice, axis, [below, node, above], times);
      return error === undefined
        ? []
        : [{ at: lattice.block.at, axis, node, width: above - below, error }];
    });
  });
}

function alongAxis(
  lattice: Lattice,
  axis: Axis,
  times: TimesAt,
  bends: readonly Bend[],
  keys: number,
): Refinement[] {
  const { block } = lattice;
  const across = block[axis === "inner" ? "outer" : "inner"].length;
  const nodes = nodesOf(lattice, axis);
  return nodes.slice(1).flatMap((above, place) => {
    const below = nodes[place]!;
    if (above - below < 2) return [];
    const inside = Array.from({ length: above - below - 1 }, (_, step) => below + 1 + step)
      .map((node) => ({
        node,
        error: expected(lattice, axis, [below, node, above], times, bends),
        // The middle helps most of the others.
        reach: Math.min(node - below, above - node),
      }));
    const { node, error } = inside.reduce((best, one) => promise(one) > promise(best) ? one : best);
    const places = axis === "inner" ? columnPlaces(lattice, node) : rowPlaces(lattice, node);
    const open = places.filter((found) => times(found) === undefined);
    if (open.length === 0) return [];
    return [{ places: open, gain: error * (above - below - 1) * across / keys }];
  });
}

/** Of nodes that promise nothing the one in the middle is best. */
function promise({ error, reach }: { error: number; reach: number }): number {
  return (error + 1e-9) * (1 + reach);
}

function columnPlaces({ block, rows }: Lattice, column: number): number[] {
  return rows.map((row) => block.cell(row, column)).filter((place) => place !== undefined);
}

function rowPlaces({ block, columns }: Lattice, row: number): number[] {
  return rising([...columns, ...block.ends(row)]).map((column) => block.cell(row, column))
    .filter((place) => place !== undefined);
}

/**
 * The error of the straight line at a node that is not measured: the mean of what is known of the same
 * node in other blocks, the nearer the more, of its neighbours in its own, and of what is not known.
 */
function expected(
  lattice: Lattice,
  axis: Axis,
  [below, node, above]: readonly [number, number, number],
  times: TimesAt,
  bends: readonly Bend[],
): number {
  const { at } = lattice.block;
  const width = above - below;
  const grown = growth(lattice, axis, below, above, times);
  // Times that rise from node to node are no further from a straight line than the nodes are apart.
  const most = ROUGHNESS + Math.expm1(grown);
  let weights = UNKNOWN_WEIGHT;
  let sum = UNKNOWN_WEIGHT * UNKNOWN_ERROR * Math.min(1, grown);
  for (const other of bends) {
    if (other.axis !== axis) continue;
    const away = at.reduce((steps, value, place) => steps + Math.abs(value - other.at[place]!), 0);
    const near = other.node === node;
    if (!near && (away > 0 || (other.node !== below && other.node !== above))) continue;
    const weight = 2 ** -away;
    weights += weight;
    // A straight line over half of the way misses half as much at least.
    sum += weight * Math.min(most, other.error * Math.min(1, width / other.width));
  }
  return sum / weights;
}

/** By which factor the times grow between two nodes, as a logarithm. */
function growth(lattice: Lattice, axis: Axis, below: number, above: number, times: TimesAt) {
  const [start, end] = [below, above].map((node) => line(lattice, axis, node, times));
  const ratios = [...start!].flatMap(([other, from]) => {
    const to = end!.get(other);
    return to ? [Math.abs(Math.log(total(to) / total(from)))] : [];
  });
  return ratios.length === 0 ? 1 : mean(ratios);
}

function total(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0);
}

function mean(values: readonly number[]): number {
  return total(values) / values.length;
}
