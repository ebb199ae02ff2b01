/**
 * `meta-mismatch`: meta.yaml says something else than the files.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { differingMeta } from "../fit/fit_bundle.ts";
import { fitSkew, type SkewFit } from "../fit/fit.ts";
import { skewRows } from "../fit/skew_rows.ts";
import { part } from "../sweep_folder.ts";
import type { TableName } from "../sweep_tables.ts";
import type { LintFinding } from "./finding.ts";
import { type LintRule, type LintSubject, metaNumber, tableOf } from "./subject.ts";

function finding(
  message: string,
  severity: LintFinding["severity"] = "error",
  rows = 0,
): LintFinding {
  return { rule: "meta-mismatch", severity, file: "meta.yaml", rows, message };
}

/** Columns whose largest value a limit of meta's bounds. */
const BOUNDS: readonly (readonly [
  section: string,
  key: string,
  columns: readonly (readonly [TableName, string])[],
])[] = [
  ["engine_effective", "max_num_batched_tokens", [
    ["dense", "tokens"],
    ["attention", "prefill_chunk"],
    ["moe", "tokens"],
    ["skew", "pc"],
  ]],
  ["engine_effective", "max_num_seqs", [
    ["per_sequence", "sequences"],
    ["attention", "n_decode"],
    ["skew", "n"],
  ]],
  ["attention_grid", "max_kv", [["attention", "kv_prefill"], ["attention", "kv_decode"]]],
];

function bounds(subject: LintSubject): LintFinding[] {
  return BOUNDS.flatMap(([section, key, columns]) => {
    const limit = metaNumber(subject, section, key);
    if (limit === undefined) return [];
    return subject.tables.flatMap((table) =>
      columns.filter(([name]) => name === table.name).flatMap(([, column]) => {
        const above = table.rows.filter((row) => row.value(column) > limit).length;
        return above === 0 ? [] : [finding(
          `${section}.${key} is ${limit}, and ${table.file} goes beyond it in ${column}`,
          "error",
          above,
        )];
      })
    );
  });
}

function degrees({ meta, degrees }: LintSubject): LintFinding[] {
  const said = meta!.values["tp_degrees"];
  if (!Array.isArray(said)) return [];
  const sorted = [...new Set(said.map(Number))].sort((one, other) => one - other);
  return sorted.join() === degrees.join() ? [] : [
    finding(`tp_degrees are ${sorted.join(", ")}, and the folders are of ${degrees.join(", ")}`),
  ];
}

/** A shot may have been timed more often, and sweeps that were merged have the least of theirs in meta. */
function iterations({ meta, tables }: LintSubject): LintFinding[] {
  const said = meta!.values["measurement_iterations"];
  if (typeof said !== "number") return [];
  return tables.flatMap(({ file, rows }) => {
    const most = rows.reduce((most, row) => Math.max(most, row.value("samples")), 0);
    // Without the column, or with a cell that is no number, nothing can be told.
    return !(most > 0 && most < said) ? [] : [finding(
      `measurement_iterations is ${said}, and no row of ${file} has more than ${most} samples`,
      "warning",
      rows.length,
    )];
  });
}

/** A sweep below `perf/` has its names in its path. */
function place({ meta, dir }: LintSubject): LintFinding[] {
  const below = /(?:^|\/)perf\/([^/]+)\/(.+)\/([^/]+)$/.exec(dir);
  if (!below) return [];
  return ["hardware", "model", "variant"].flatMap((key, at) => {
    const said = meta!.values[key];
    // A model that was a folder is named by its path, and its sweep by the folder's name.
    return said === undefined || `/${said}`.endsWith(`/${below[at + 1]}`)
      ? []
      : [finding(`${key} is ${said}, and the folder is that of ${below[at + 1]}`)];
  });
}

function fitOf(subject: LintSubject, tp: number): SkewFit | undefined {
  const table = tableOf(subject, "skew", tp);
  if (!table) return undefined;
  const { header, rows } = table;
  const cells = rows.map((row) => ({
    line: row.line,
    cells: header.map((name) => row.cell(name)),
  }));
  try {
    return fitSkew(skewRows(table.file, { header, rows: cells, newline: "\n" }));
  } catch (error) {
    // Another rule tells of the cell that is no number.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

function skew(subject: LintSubject): LintFinding[] {
  const meta = subject.meta!.values;
  const profiled = part(meta, "skew_profile")["enabled"];
  const fitted = part(meta, "skew_fit")["enabled"];
  const files = subject.tables.filter(({ name }) => name === "skew").map(({ file }) => file);
  const found: LintFinding[] = [];
  if (profiled === true && files.length === 0) {
    found.push(finding("skew_profile is enabled, and there is no skew.csv"));
  }
  if (profiled === false && files.length > 0) {
    found.push(finding(`skew_profile is not enabled, and there is ${files.join(" and ")}`));
  }
  for (const tp of subject.degrees) {
    const fit = fitOf(subject, tp);
    const entry = part(part(meta, "skew_fit"), "per_tp")[tp];
    if (fit && (fitted !== true || entry === undefined)) {
      found.push(finding(
        `skew_fit has nothing of TP degree ${tp}, so that LLMServingSim does not use its skew.csv; ` +
          "bundle fit writes it",
      ));
    } else if (fit) {
      const differing = differingMeta(meta["skew_fit"], tp, fit);
      if (differing.length > 0) {
        found.push(finding(
          `skew_fit of TP degree ${tp} is not that of its skew.csv (${differing.join(", ")}); ` +
            "bundle fit writes it",
        ));
      }
    } else if (entry !== undefined) {
      found.push(finding(`skew_fit tells of TP degree ${tp}, whose skew.csv gives none`));
    }
  }
  return found;
}

/** The rule. */
export const metaMismatch: LintRule = (subject) =>
  subject.meta
    ? [
      ...degrees(subject),
      ...place(subject),
      ...bounds(subject),
      ...iterations(subject),
      ...skew(subject),
    ]
    : [finding("is missing, and LLMServingSim loads no bundle without it")];
