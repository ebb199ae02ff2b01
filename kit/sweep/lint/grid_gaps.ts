/**
 * Tables that lack shapes of the grid that meta.yaml tells of, all layers alike: `missing-layers`. Of a
 * sweep by another hand no more is known than how far its tables should reach: `meta-mismatch`.
 *
 * @module
 */

import { gridOf, SWEEP_CATEGORIES } from "../grids/categories.ts";
import { finerThanPowers, tokenAxis } from "../grids/axes.ts";
import { promptTooLong } from "../grids/dense.ts";
import type { Key } from "../grids/grid.ts";
import type { Density, Limits } from "../grids/limits.ts";
import { densityOf } from "./density.ts";
import type { LintFinding } from "./finding.ts";
import { keyed, type LintRule, type LintSubject, type LintTable, metaNumber } from "./subject.ts";

/**
 * A KV cache has not the same size at every start, and a table may be of an earlier one or, of sweeps that were
 * merged, of another: what needs more than this share of it may be missing.
 */
const CACHE_SHARE = 0.5;
/** Tokens of a large KV block, as of a CPU's engine, where no manifest tells. */
const LARGE_BLOCK = 128;

interface BatchLimits {
  readonly maxNumBatchedTokens: number;
  readonly maxNumSeqs: number;
}

/** Limits of the engine of a TP degree; undefined where nobody told them. */
function limitsOf(subject: LintSubject, tp: number, batch: BatchLimits): Limits | undefined {
  const facts = subject.manifest?.engine[`tp${tp}`] ??
    { ...subject.meta?.values, block_size: LARGE_BLOCK };
  const number = (key: string) => {
    const value = (facts as Record<string, unknown>)[key];
    return typeof value === "number" ? value : undefined;
  };
  const maxModelLen = number("max_model_len");
  const numCacheTokens = number("num_cache_tokens");
  const blockTokens = number("block_size");
  return maxModelLen === undefined || numCacheTokens === undefined || blockTokens === undefined
    ? undefined
    : { ...batch, maxModelLen, numCacheTokens: numCacheTokens * CACHE_SHARE, blockTokens };
}

/**
 * How many experts the model has is not told. Tokens that can use as many as a row says can do so in any
 * larger number.
 */
function expertGrid(
  { rows }: LintTable,
  limits: Limits,
  { moeFactor }: Density,
): readonly Key[] {
  const least = new Map<number, number>();
  for (const row of rows) {
    const experts = row.value("activated_experts");
    least.set(experts, Math.min(row.value("tokens"), least.get(experts) ?? Infinity));
  }
  return finerThanPowers(limits.maxNumBatchedTokens, moeFactor)
    .filter((tokens) => promptTooLong(limits, tokens) === undefined)
    .flatMap((tokens) =>
      [...least].filter(([, from]) => tokens >= from).map(([experts]) => [tokens, experts])
    );
}

/** A sweep that says itself that it is not whole is no wrong one. */
function severityOf({ manifest }: LintSubject): LintFinding["severity"] {
  const whole = manifest === undefined ||
    (manifest.status === "complete" && Object.keys(manifest.dropped).length === 0);
  return whole ? "error" : "warning";
}

/** Shapes that no layer of a table has. */
function gaps(
  subject: LintSubject,
  table: LintTable,
  limits: Limits,
  density: Density,
): LintFinding[] {
  const category = SWEEP_CATEGORIES.find(({ name }) => name === table.name)!;
  const { columns } = category;
  const there = new Set(
    table.rows.map((row) => columns.map((column) => row.value(column)).join()),
  );
  const grid = table.name === "moe"
    ? expertGrid(table, limits, density)
    : gridOf(category, limits, density).keys;
  const lacking = grid.filter((key) => !there.has(key.join()));
  if (lacking.length === 0) return [];
  const some = columns.map((column, place) => `${column} ${lacking[0]![place]}`).join(", ");
  return [{
    rule: "missing-layers",
    severity: severityOf(subject),
    file: table.file,
    rows: lacking.length,
    message:
      `lacks ${lacking.length} of the ${grid.length} shapes of the grid that meta.yaml tells of (${some}${
        lacking.length > 1 ? " …" : ""
      })`,
  }];
}

function largest(table: LintTable | undefined, ...columns: string[]): number {
  return (table?.rows ?? []).reduce(
    (most, row) => columns.reduce((most, column) => Math.max(most, row.value(column)), most),
    0,
  );
}

/** Axes that end before meta's limits. */
function reach(subject: LintSubject, table: LintTable, batch: BatchLimits): LintFinding[] {
  const told = (key: string, limit: number, column: string, least: number): LintFinding[] => {
    const most = largest(table, column);
    return !(most < least) ? [] : [{
      rule: "meta-mismatch",
      severity: severityOf(subject),
      file: "meta.yaml",
      rows: 0,
      message:
        `engine_effective.${key} is ${limit}, and ${table.file} ends before it in ${column}, at ${most}`,
    }];
  };
  const { maxNumBatchedTokens, maxNumSeqs } = batch;
  if (table.name === "per_sequence") {
    const least = Math.min(maxNumSeqs, maxNumBatchedTokens);
    return told("max_num_seqs", maxNumSeqs, "sequences", least);
  }
  const attention = keyed(subject).find(({ name, tp }) => name === "attention" && tp === table.tp);
  // Where histories end before max_kv, requests may be too short for a prompt of so many tokens.
  const longest = metaNumber(subject, "attention_grid", "max_kv") ?? Infinity;
  if (table.name !== "dense" || largest(attention, "kv_prefill", "kv_decode") < longest) return [];
  // A request as long as the longest that the model takes is left out.
  const least = tokenAxis(maxNumBatchedTokens).at(-2) ?? 1;
  return told("max_num_batched_tokens", maxNumBatchedTokens, "tokens", least);
}

/** The rule. */
export const gridGaps: LintRule = (subject) => {
  const meta = subject.meta?.values;
  const maxNumBatchedTokens = metaNumber(subject, "engine_effective", "max_num_batched_tokens");
  const maxNumSeqs = metaNumber(subject, "engine_effective", "max_num_seqs");
  if (maxNumBatchedTokens === undefined || maxNumSeqs === undefined) return [];
  // A part of the grid was measured on purpose, or each of several sweeps had its own.
  if (meta?.["adaptive"] !== undefined || meta?.["grids"] === "differ") return [];
  const batch = { maxNumBatchedTokens, maxNumSeqs };
  const own = String(meta?.["profiler_version"]).startsWith("vscope");
  const density = densityOf(subject);
  // Other rules tell of a table without rows.
  return keyed(subject).filter(({ rows }) => rows.length > 0).flatMap((table) => {
    const limits = own ? limitsOf(subject, table.tp, batch) : undefined;
    if (!limits || !density) return reach(subject, table, batch);
    try {
      return gaps(subject, table, limits, density);
    } catch (error) {
      // Factors that no sweep can have had.
      if (error instanceof RangeError) return [];
      throw error;
    }
  });
};
