/**
 * `mixed-sweeps`: rows of several sweeps that are not of one kind.
 *
 * @module
 */

import { attention } from "../grids/attention.ts";
import { dense } from "../grids/dense.ts";
import { perSequence } from "../grids/per_sequence.ts";
import { skew } from "../grids/skew.ts";
import { SWEEP_TABLES } from "../sweep_tables.ts";
import { densityOf } from "./density.ts";
import { linesText, type LintFinding } from "./finding.ts";
import {
  keyed,
  type LintRow,
  type LintRule,
  type LintSubject,
  metaNumber,
  tableOf,
} from "./subject.ts";

function finding(file: string, rows: number, message: string): LintFinding {
  return { rule: "mixed-sweeps", severity: "warning", file, rows, message };
}

/** What all sweeps that went into a bundle must have in common. */
const IDENTITY = ["gpu", "vllm_version", "architecture_sha256", "model_config_sha256"];

/** Sweeps that meta lists, where it lists them. */
function contributors({ meta }: LintSubject): LintFinding[] {
  const sweeps = meta?.values["sweeps"];
  if (!Array.isArray(sweeps)) return [];
  return IDENTITY.flatMap((key) => {
    const values = new Set([meta!.values, ...sweeps].map((sweep) => sweep?.[key]))
      .difference(new Set([undefined]));
    return values.size < 2 ? [] : [
      finding(
        "meta.yaml",
        0,
        `sweeps of different ${key} went into it: ${[...values].join(", ")}`,
      ),
    ];
  });
}

/** A layer that is the same at every TP degree is measured once and copied. */
function copies(subject: LintSubject): LintFinding[] {
  return (["dense", "per_sequence"] as const).flatMap((name) => {
    const layers = Object.entries(subject.architecture?.catalog[name] ?? {})
      .filter(([, { tpStable }]) => tpStable).map(([layer]) => layer);
    const first = tableOf(subject, name, 1);
    const times = new Map(first?.rows.map((row) => [row.key, row.value("time_us")]));
    return subject.degrees.filter((tp) => tp !== 1).flatMap((tp) => {
      const other = tableOf(subject, name, tp);
      const differing = (other?.rows ?? []).filter((row) =>
        // False of a time that is no number, which bad-time tells.
        layers.includes(row.layer) && Math.abs(times.get(row.key)! - row.value("time_us")) > 0
      );
      return differing.length === 0 ? [] : [finding(
        other!.file,
        differing.length,
        `${
          linesText(differing.map(({ line }) => line))
        }: not the time of tp1, though the layer is ` +
          "the same at every TP degree and copied from there",
      )];
    });
  });
}

/** Rows that the grid of meta does not have, whatever the engine's other limits were. */
function strangers(subject: LintSubject): LintFinding[] {
  const maxNumBatchedTokens = metaNumber(subject, "engine_effective", "max_num_batched_tokens");
  const maxNumSeqs = metaNumber(subject, "engine_effective", "max_num_seqs");
  const density = densityOf(subject);
  if (!density || maxNumBatchedTokens === undefined || maxNumSeqs === undefined) return [];
  const limits = { maxNumBatchedTokens, maxNumSeqs, maxModelLen: Infinity };
  let known: Readonly<Record<string, readonly (readonly number[])[]>>;
  let cases: ReadonlySet<string>;
  try {
    known = {
      dense: dense.axes(limits, density),
      per_sequence: perSequence.axes(limits, density),
      attention: attention.axes(limits, density),
    };
    cases = new Set(skew.grid(limits, density).keys.map((key) => key.join()));
  } catch (error) {
    // Factors that no sweep can have had.
    if (error instanceof RangeError) return [];
    throw error;
  }
  return keyed(subject).flatMap(({ name, file, rows }) => {
    if (name === "skew") {
      return told(file, rows.filter(({ key }) => !cases.has(key)), "the case is");
    }
    const columns = SWEEP_TABLES[name].key.filter((column) => column !== "layer");
    return columns.flatMap((column, place) => {
      const axis = known[name]?.[place];
      if (!axis) return [];
      // A model of shorter requests ends the axis of histories before meta's does.
      const longest = column.startsWith("kv_")
        ? rows.reduce((most, row) => Math.max(most, row.value(column)), 0)
        : undefined;
      const values = new Set([...axis, longest]);
      return told(file, rows.filter((row) => !values.has(row.value(column))), `${column} is`);
    });
  });
}

function told(file: string, odd: readonly LintRow[], what: string): LintFinding[] {
  return odd.length === 0 ? [] : [finding(
    file,
    odd.length,
    `${
      linesText(odd.map(({ line }) => line))
    }: ${what} not in the grid that meta.yaml tells of, so ` +
      "that another sweep left them",
  )];
}

/** The rule. */
export const mixedSweeps: LintRule = (subject) => [
  ...contributors(subject),
  ...copies(subject),
  ...strangers(subject),
];
