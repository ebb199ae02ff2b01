/**
 * The axes along which batches are put into buckets, made from what was measured.
 *
 * @module
 */

import type { SkewRow } from "./skew_rows.ts";

/** An axis: `labels[i]` is for values above `bins[i]` up to `bins[i + 1]`. */
export interface BucketAxis {
  readonly bins: readonly number[];
  readonly labels: readonly string[];
}

/** The axes that have bins; the prefill chunk is taken as it is. */
export interface BucketAxes {
  readonly n: BucketAxis;
  readonly skewRate: BucketAxis;
  readonly kvBig: BucketAxis;
  readonly kp: BucketAxis;
}

const MANY = 1_000_000_000;

/** Share of the batch's spread that its mean has: 0 where few decodes are long, 1 where all are. */
const SKEW_RATE: BucketAxis = {
  bins: [-0.01, 0.05, 0.15, 0.4, 0.7, 1.01],
  labels: ["sr<=5%", "sr<=15%", "sr<=40%", "sr<=70%", "sr>70%"],
};

/** The axes of some rows, of which there is at least one. */
export function bucketAxes(rows: readonly SkewRow[]): BucketAxes {
  const distinct = (column: "n" | "kp") =>
    [...new Set(rows.map((row) => Math.trunc(row[column])))].sort((one, other) => one - other);
  const n = distinct("n");
  const kp = distinct("kp").filter((value) => value > 0);
  return {
    n: upTo("n", [0], n, 1_000_000, String),
    skewRate: SKEW_RATE,
    kvBig: upTo("kvB", [0], kvBigEdges(rows), MANY),
    kp: kp.length > 0
      ? withZero(upTo("kp", [-1, 0], kp, MANY))
      : { bins: [-1, 0, 2048, MANY], labels: ["kp=0", "kp<=2k", "kp>2k"] },
  };
}

/** Fourfold steps from 1024, and the largest value where they do not reach it. */
function kvBigEdges(rows: readonly SkewRow[]): number[] {
  const largest = Math.trunc(rows.reduce((most, row) => Math.max(most, row.kv_big), 0));
  const edges: number[] = [];
  for (let edge = 1024; edge <= largest; edge *= 4) edges.push(edge);
  if (edges.length === 0) edges.push(1024);
  if (edges.at(-1)! < largest) edges.push(largest);
  return edges;
}

function upTo(
  name: string,
  below: readonly number[],
  edges: readonly number[],
  above: number,
  text: (value: number) => string = short,
): BucketAxis {
  return {
    bins: [...below, ...edges, above],
    labels: [
      ...edges.map((edge) => `${name}<=${text(edge)}`),
      `${name}>${text(edges.at(-1)!)}`,
    ],
  };
}

function withZero(axis: BucketAxis): BucketAxis {
  return { bins: axis.bins, labels: ["kp=0", ...axis.labels] };
}

/** 1024 is `1k`; what is no multiple of it stays as it is. */
function short(value: number): string {
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024}k` : String(value);
}

/** The label of a value: of the last axis piece that it does not exceed, and the last label above all. */
export function labelOf({ bins, labels }: BucketAxis, value: number): string {
  return labels.find((_, place) => value <= bins[place + 1]!) ?? labels.at(-1)!;
}

/** The bucket of a batch: prefill chunk, then a label of each axis, as `skew_fit.csv` has them. */
export type Bucket = readonly [pc: number, n: string, skewRate: string, kvBig: string, kp: string];

/** The bucket of a row. */
export function bucketOf(axes: BucketAxes, row: SkewRow): Bucket {
  const rate = (row.kv_mean - row.kvs) / Math.max(1, row.kv_big - row.kvs);
  return [
    Math.trunc(row.pc),
    labelOf(axes.n, Math.trunc(row.n)),
    labelOf(axes.skewRate, Math.max(0, Math.min(1, rate))),
    labelOf(axes.kvBig, Math.trunc(row.kv_big)),
    labelOf(axes.kp, Math.trunc(row.kp)),
  ];
}
