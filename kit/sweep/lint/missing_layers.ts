/**
 * `missing-layers`: a layer without rows, or with fewer shapes than the others of its table.
 *
 * @module
 */

import type { LintFinding } from "./finding.ts";
import { SWEEP_TABLES } from "../sweep_tables.ts";
import {
  keyed,
  lackingKey,
  type LintRule,
  type LintSubject,
  type LintTable,
  tableOf,
} from "./subject.ts";

type Layered = "dense" | "per_sequence";

/** Shapes by layer. */
function shapes({ name, rows }: LintTable): Map<string, Set<number>> {
  const axis = SWEEP_TABLES[name].key.at(-1)!;
  const found = new Map<string, Set<number>>();
  for (const row of rows) {
    const values = found.get(row.layer) ?? new Set();
    found.set(row.layer, values.add(row.value(axis)));
  }
  return found;
}

function finding(file: string, rows: number, message: string): LintFinding {
  return { rule: "missing-layers", severity: "error", file, rows, message };
}

/** Layers that the table should have: those of the architecture, and of every TP degree. */
function expected(subject: LintSubject, name: Layered): Set<string> {
  const layers = new Set(Object.keys(subject.architecture?.catalog[name] ?? {}));
  for (const table of keyed(subject)) {
    if (table.name === name) { for (const { layer } of table.rows) layers.add(layer); }
  }
  return layers;
}

function layered(subject: LintSubject, name: Layered, tp: number): LintFinding[] {
  const file = `tp${tp}/${name}.csv`;
  const wanted = expected(subject, name);
  const table = tableOf(subject, name, tp);
  if (wanted.size === 0) return [];
  if (!table) return [finding(file, 0, `is missing, with ${[...wanted].join(", ")}`)];
  if (lackingKey(table).length > 0) return [];
  const there = shapes(table);
  const missing = [...wanted].filter((layer) => !there.has(layer));
  const all = new Set([...there.values()].flatMap((values) => [...values]));
  const found = missing.length === 0
    ? []
    : [finding(file, 0, `has no row of ${missing.join(", ")}, whose time would be taken as zero`)];
  for (const [layer, values] of there) {
    const lacking = [...all].filter((value) => !values.has(value));
    if (lacking.length === 0) continue;
    const some = lacking.slice(0, 5).join(", ") + (lacking.length > 5 ? " …" : "");
    found.push(finding(
      file,
      lacking.length,
      `${layer} lacks ${lacking.length} shapes that other layers have (${some})`,
    ));
  }
  return found;
}

/** Without a column of the key no row says what it is of. */
function withoutKey(table: LintTable): LintFinding[] {
  const lacking = lackingKey(table);
  return lacking.length === 0 ? [] : [finding(
    table.file,
    table.rows.length,
    `has no column ${lacking.join(" and none ")}; its rows are named by ` +
      SWEEP_TABLES[table.name].key.join(", "),
  )];
}

/** The rule. */
export const missingLayers: LintRule = (subject) => {
  const found = subject.tables.flatMap(withoutKey);
  found.push(...subject.degrees.flatMap((tp) => [
    ...layered(subject, "dense", tp),
    ...layered(subject, "per_sequence", tp),
    ...(tableOf(subject, "attention", tp)?.rows.length
      ? []
      : [finding(`tp${tp}/attention.csv`, 0, "has no rows, or is missing")]),
  ]));
  const experts = Object.keys(subject.architecture?.catalog.moe ?? {}).length > 0 &&
    subject.meta?.values["experts"] !== 0;
  if (experts && subject.degrees.includes(1) && !tableOf(subject, "moe", 1)?.rows.length) {
    found.push(finding("tp1/moe.csv", 0, "has no rows, or is missing, and the model has experts"));
  }
  return found;
};
