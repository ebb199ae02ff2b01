/**
 * Two sides, each one bundle or several repeats of it: what was different about them, and what that made
 * of every figure.
 *
 * @module
 */

import { UsageError } from "../contract/errors.ts";
import { byMetric, type Change, changeOf, changeOfRows, commonKeys } from "./change.ts";
import {
  type ComparedBundle,
  type Fact,
  FACT_SUBJECTS,
  type FactSubject,
  type Figure,
  type MatchedRows,
  tableOf,
} from "./figure.ts";

/** Which side. */
export type Side = "a" | "b";

/** A bundle of a side. */
export interface ComparedSource {
  /** As it was given. */
  readonly path: string;
  /** How its run ended. */
  readonly status?: string;
  /** When its run began. */
  readonly started_at?: string;
}

/** Something that may be why figures differ. A list has a value for each that its bundles have. */
export interface Difference {
  /** What it is about. */
  readonly subject: FactSubject;
  /** As `vllm`, or `command --max-num-seqs`. */
  readonly name: string;
  /** Each different value of the side once; none where it does not tell. */
  readonly a: readonly Fact["value"][];
  /** The same of the other side. */
  readonly b: readonly Fact["value"][];
  /** There where the repeats of one side differ among themselves. */
  readonly mixed?: true;
}

/**
 * `worse`, `better` and `differs` (where neither way is better) are changes that the interval has without
 * none; `unclear` has none within its interval; `untested` has no interval; `same` is the same number.
 */
export type DiffVerdict = "worse" | "better" | "differs" | "unclear" | "untested" | "same";

/** A figure of both sides. */
export interface DiffFigure extends Change {
  /** What the change says. */
  readonly verdict: DiffVerdict;
}

/** Something that could not be compared. */
export interface NotCompared {
  /** A table, a figure, or a file. */
  readonly what: string;
  /** One sentence. */
  readonly reason: string;
  /** Figures that it concerns. */
  readonly metrics?: readonly string[];
}

/** The document of `vscope bundle diff A B --json`. */
export interface DiffDocument {
  /** Version of the shape. */
  readonly schema_version: 1;
  /** What the document is. */
  readonly kind: "diff";
  /** What kind of bundle both sides are of. */
  readonly compared: ComparedBundle["kind"];
  /** Runs of the first side. */
  readonly a: readonly ComparedSource[];
  /** Runs of the second side. */
  readonly b: readonly ComparedSource[];
  /** By {@linkcode FACT_SUBJECTS}. */
  readonly differences: readonly Difference[];
  /** Of each interval by itself. */
  readonly confidence: number;
  /** Figures that are `worse`, `better` or `differs`. */
  readonly changed: number;
  /** Figures by table, in the order of the bundles. */
  readonly tables: readonly { readonly table: string; readonly figures: readonly DiffFigure[] }[];
  /** What only some bundles have, or could not be read. */
  readonly not_compared: readonly NotCompared[];
  /** What the intervals take for granted, a sentence each. */
  readonly assumptions: readonly string[];
}

/**
 * Compares two sides.
 *
 * @param confidence Of each interval, above 0 and below 1.
 * @throws {UsageError} where the bundles are not of one kind.
 *
 * @example What changed, and what was different
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type Basis,
 *   type Change,
 *   type ComparedSource,
 *   diffBundles,
 *   type DiffDocument,
 *   type Difference,
 *   type DiffFigure,
 *   type DiffVerdict,
 *   type NotCompared,
 *   readCompared,
 * } from "@vscope/vscope";
 *
 * const a = await readCompared(Deno, "perf/examples/session");
 * const b = await readCompared(Deno, "perf/examples/moe");
 * const diff: DiffDocument = diffBundles([a], [b], 0.95);
 * const [source]: readonly ComparedSource[] = diff.a;
 * assert.equal(source?.path, "perf/examples/session");
 * const figures: DiffFigure[] = diff.tables.flatMap(({ figures }) => figures);
 * const worse: DiffVerdict = "worse";
 * for (const figure of figures.filter(({ verdict }) => verdict === worse)) {
 *   const { metric, change, interval }: Change = figure;
 *   const basis: Basis | undefined = figure.basis; // none: nothing tells how sure it is
 *   console.log(metric, change, interval, basis);
 * }
 * const why: readonly Difference[] = diff.differences;
 * const left: readonly NotCompared[] = diff.not_compared;
 * console.log(why.map(({ name }) => name), left.map(({ reason }) => reason));
 * ```
 */
export function diffBundles(
  a: readonly ComparedBundle[],
  b: readonly ComparedBundle[],
  confidence: number,
): DiffDocument {
  const kind = oneKind([...a, ...b]);
  const { changes, notCompared } = changesOf(a, b, confidence);
  const figures = changes.map((change): DiffFigure => ({ ...change, verdict: verdictOf(change) }));
  const tables = [...new Set(figures.map(tableOf))];
  const clear: readonly DiffVerdict[] = ["worse", "better", "differs"];
  return {
    schema_version: 1,
    kind: "diff",
    compared: kind,
    a: a.map(sourceOf),
    b: b.map(sourceOf),
    differences: differencesOf(a, b),
    confidence,
    changed: figures.filter(({ verdict }) => clear.includes(verdict)).length,
    tables: tables.map((table) => ({
      table,
      figures: figures.filter((figure) => tableOf(figure) === table),
    })),
    not_compared: notCompared,
    assumptions: assumptionsOf(a, b),
  };
}

/** The kind that all bundles are of. */
export function oneKind(all: readonly ComparedBundle[]): ComparedBundle["kind"] {
  const first = all[0]!;
  const other = all.find(({ kind }) => kind !== first.kind);
  if (other) {
    throw new UsageError(
      `Cannot compare "${first.path}" (${first.kind}) with "${other.path}" (${other.kind}): give ` +
        "bundles of one kind",
    );
  }
  return first.kind;
}

/** A bundle as a document names it. */
export function sourceOf({ path, status, startedAt }: ComparedBundle): ComparedSource {
  return {
    path,
    ...(status === undefined ? {} : { status }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
  };
}

/** Every figure that all bundles have, with its change, and what only some have. */
export function changesOf(
  a: readonly ComparedBundle[],
  b: readonly ComparedBundle[],
  confidence: number,
): { changes: Change[]; notCompared: NotCompared[] } {
  const [sideA, sideB] = [a.map(byMetric), b.map(byMetric)];
  const metrics = new Set([...sideA, ...sideB].flatMap((figures) => [...figures.keys()]));
  const changes: Change[] = [];
  const lacking = new Map<string, string[]>();
  const notCompared: NotCompared[] = [];
  for (const metric of metrics) {
    const [ownA, ownB] = [sideA, sideB].map((side) =>
      side.flatMap((figures) => figures.get(metric) ?? [])
    );
    if (ownA!.length < a.length || ownB!.length < b.length) {
      const where = whereIs(ownA!.length, ownB!.length, a.length, b.length);
      const key = `${tableOf({ metric })}\n${where}`;
      lacking.set(key, [...lacking.get(key) ?? [], metric]);
      continue;
    }
    if (!("rows" in ownA![0]!)) {
      changes.push(changeOf(ownA![0]!, ownA as Figure[], ownB as Figure[], confidence));
      continue;
    }
    const [rowsA, rowsB] = [ownA as MatchedRows[], ownB as MatchedRows[]];
    const change = changeOfRows(ownA![0]!, rowsA, rowsB, confidence);
    if (change) changes.push(change);
    notCompared.push(...unmatched(metric, rowsA, rowsB));
  }
  for (const [key, found] of lacking) {
    const [table = "", reason = ""] = key.split("\n");
    notCompared.push({ what: table, reason, metrics: found });
  }
  return { changes, notCompared: [...notCompared, ...leftOutOf(a, "A"), ...leftOutOf(b, "B")] };
}

function whereIs(inA: number, inB: number, ofA: number, ofB: number): string {
  if (inB === 0 && inA === ofA) return "only in A";
  if (inA === 0 && inB === ofB) return "only in B";
  return `in ${inA} of ${ofA} bundles of A and ${inB} of ${ofB} of B`;
}

function unmatched(
  metric: string,
  a: readonly MatchedRows[],
  b: readonly MatchedRows[],
): NotCompared[] {
  const common = commonKeys([...a, ...b]).length;
  const most = (side: readonly MatchedRows[]) => Math.max(...side.map(({ rows }) => rows.size));
  const [moreA, moreB] = [most(a) - common, most(b) - common];
  if (moreA + moreB === 0) return [];
  return [{
    what: metric,
    reason: `${moreA} rows of A and ${moreB} of B are not in all bundles, ${common} are`,
  }];
}

function leftOutOf(side: readonly ComparedBundle[], name: string): NotCompared[] {
  return side.flatMap(({ path, leftOut }) =>
    leftOut.map((reason) => ({ what: `${name}: ${path}`, reason }))
  );
}

/** What is different about the sides, in the order of {@linkcode FACT_SUBJECTS}. */
export function differencesOf(
  a: readonly ComparedBundle[],
  b: readonly ComparedBundle[],
): Difference[] {
  const names = new Map<string, Pick<Fact, "subject" | "name">>();
  const valuesOf = (side: readonly ComparedBundle[]) =>
    side.map(({ facts }) =>
      new Map(facts.map(({ subject, name, value }) => {
        const key: string = `${subject} ${name}`;
        names.set(key, { subject, name });
        return [key, value] as const;
      }))
    );
  const [ownA, ownB] = [valuesOf(a), valuesOf(b)];
  const found: Difference[] = [];
  for (const [key, { subject, name }] of names) {
    const [setA, setB] = [ownA, ownB].map((
      side,
    ) => [...new Set(side.flatMap((facts) => facts.get(key) ?? []))]);
    const mixed = [ownA, ownB].some((side) =>
      new Set(side.map((facts) => facts.get(key))).size > 1
    );
    const same = setA!.length === setB!.length && setA!.every((value) => setB!.includes(value));
    if (same && !mixed) continue;
    found.push({ subject, name, a: setA!, b: setB!, ...(mixed ? { mixed: true } : {}) });
  }
  return FACT_SUBJECTS.flatMap((subject) => found.filter((one) => one.subject === subject));
}

function verdictOf({ change, interval, scale, better }: Change): DiffVerdict {
  const none = scale === "ratio" ? 1 : 0;
  if (change === none) return "same";
  if (!interval) return "untested";
  if (interval[0] <= none && none <= interval[1]) return "unclear";
  if (!better) return "differs";
  return (change < none) === (better === "lower") ? "better" : "worse";
}

/** What the intervals take for granted. */
export function assumptionsOf(
  a: readonly ComparedBundle[],
  b: readonly ComparedBundle[],
): string[] {
  const runs = a.length + b.length;
  return [
    runs > 2
      ? `Noise is what repeats of one side differ by (Student's interval, ${runs - 2} degrees of ` +
        "freedom), taken as the same on both sides, and no less than what happened within the runs."
      : "One run a side: runs are taken to differ by as much as stretches of them do, since nothing " +
        "tells what differs from run to run. Repeats do.",
    ...(a.length + b.length > 2 && (a.length === 1 || b.length === 1)
      ? ["One side is a single run: the other side's repeats stand for its noise."]
      : []),
    ...(a[0]?.facts.some(({ subject }) => subject === "clocks")
      ? []
      : ["No bundle tells the clocks that it ran at."]),
  ];
}
