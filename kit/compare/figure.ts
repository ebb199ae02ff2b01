/**
 * What is compared: the figures of a bundle, whatever its kind.
 *
 * @module
 */

import type { BundleStatus } from "../bundle/manifest.ts";

/** What kinds of bundle there are. */
export type BundleKind =
  | "session"
  | "torch"
  | "nsys"
  | "ncu"
  | "metal"
  | "xctrace"
  | "sweep"
  | "automation";

/** Which way a figure should go; absent where neither is better. */
export type Better = "lower" | "higher";

/**
 * How two values are set against each other: times and rates by their ratio, shares and counts, which may
 * be zero, by their difference.
 */
export type Scale = "ratio" | "difference";

/** How far a value may be off for what happened within its own run. */
export interface Within {
  /** Standard error: of the logarithm on the scale `ratio`, of the value on `difference`. */
  readonly error: number;
  /** Degrees of freedom of that error. */
  readonly freedom: number;
  /** Into so many stretches the run was cut to find it; absent where it came about otherwise. */
  readonly stretches?: number;
}

/** What is common to a figure in all bundles. */
export interface FigureName {
  /** Whole name, that rules use, as `requests.ttft_ms.p50`; begins with the table. */
  readonly metric: string;
  /** As `ms`; empty for a plain count. */
  readonly unit: string;
  /** Which way is better. */
  readonly better?: Better;
  /** How changes are told. */
  readonly scale: Scale;
}

/** A figure of one bundle. */
export interface Figure extends FigureName {
  /** In the unit. */
  readonly value: number;
  /** Absent where the bundle does not tell how even it was. */
  readonly within?: Within;
}

/** Rows of a table that are matched by their key: the figure is made of those that all bundles have. */
export interface MatchedRows extends FigureName {
  /** By key: positive numbers. In the order of the table. */
  readonly rows: ReadonlyMap<string, number>;
}

/** Something that may be why figures differ. */
export interface Fact {
  /** What it is about. */
  readonly subject: FactSubject;
  /** As `vllm`, or `command --max-num-seqs`. */
  readonly name: string;
  /** As the bundle tells it. */
  readonly value: string | number | boolean;
}

/**
 * In the order in which differences are told.
 *
 * @example Whether two runs were of one vLLM
 * ```ts
 * import assert from "node:assert/strict";
 * import { FACT_SUBJECTS, type FactSubject, readCompared } from "@vscope/vscope";
 *
 * const { facts } = await readCompared(Deno, "perf/examples/session");
 * const known: readonly FactSubject[] = FACT_SUBJECTS;
 * assert.ok(facts.every(({ subject }) => known.includes(subject)));
 * ```
 */
export const FACT_SUBJECTS = [
  "recipe",
  "model",
  "vllm",
  "driver",
  "hardware",
  "clocks",
  "flags",
  "engine",
  "load",
] as const;

/** What a fact is about. */
export type FactSubject = typeof FACT_SUBJECTS[number];

/** What a bundle's own files say. */
export interface KindFigures {
  /** In the order of {@linkcode FACT_SUBJECTS}. */
  readonly facts: readonly Fact[];
  /** One number each. */
  readonly figures: readonly Figure[];
  /** A number for each row. */
  readonly matched: readonly MatchedRows[];
  /** Why something that the bundle could hold is not among the figures; one sentence each. */
  readonly leftOut: readonly string[];
}

/** A bundle, as it is compared. */
export interface ComparedBundle extends KindFigures {
  /** As it was given. */
  readonly path: string;
  /** What its figures are of. */
  readonly kind: BundleKind;
  /** Absent for a sweep without a manifest, and for a run that goes on. */
  readonly status?: BundleStatus;
  /** As its manifest has it. */
  readonly startedAt?: string;
}

/**
 * The table that a figure belongs to.
 *
 * @example The table of a metric
 * ```ts
 * import assert from "node:assert/strict";
 * import { tableOf } from "@vscope/vscope";
 *
 * assert.equal(tableOf({ metric: "requests.ttft_ms.p50" }), "requests");
 * ```
 */
export function tableOf({ metric }: Pick<FigureName, "metric">): string {
  return metric.slice(0, metric.indexOf("."));
}
