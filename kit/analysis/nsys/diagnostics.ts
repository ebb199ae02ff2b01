/**
 * What nsys itself says about a recording.
 *
 * @module
 */

import type { DiagnosticRow } from "../capture/launch_model.ts";
import { type NsysExport, TABLES } from "./export.ts";

/** By nsys' numbers; what is only for its makers is left out. */
const SEVERITIES: Readonly<Record<number, DiagnosticRow["severity"]>> = {
  1: "info",
  2: "warning",
  3: "error",
};

/** Reads the messages of an export, the gravest first; equal ones count together. */
export async function readDiagnostics(from: NsysExport): Promise<DiagnosticRow[]> {
  const cursor = from.cursor(TABLES.diagnostics, ["severity", "text"], 0);
  const found = new Map<string, DiagnosticRow>();
  while (cursor && (cursor.step() || await from.turn(cursor))) {
    const severity = SEVERITIES[cursor.row.values[0]!];
    const text = cursor.row.text(1)?.replace(/\s+/g, " ").trim();
    if (!severity || !text) continue;
    const count = (found.get(`${severity} ${text}`)?.count ?? 0) + 1;
    found.set(`${severity} ${text}`, { severity, count, text });
  }
  const order = ["error", "warning", "info"];
  return [...found.values()]
    .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

/** The version of nsys that exported; nothing where it does not tell. */
export async function readVersion(from: NsysExport): Promise<string | undefined> {
  const cursor = from.cursor(TABLES.exportFacts, ["name", "value"], 0);
  while (cursor && (cursor.step() || await from.turn(cursor))) {
    if (cursor.row.text(0) === "EXPORT_PRODUCT_VERSION") return cursor.row.text(1);
  }
  return undefined;
}
