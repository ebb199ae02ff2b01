/**
 * The formats of `vscope export`; each is loaded when it is asked for.
 *
 * @module
 */

import type { ExportFormat } from "./format.ts";

/** Every format, by name. */
export const FORMATS: Readonly<Record<string, () => Promise<{ default: ExportFormat }>>> = {
  csv: () => import("./csv.ts"),
  perfetto: () => import("./perfetto.ts"),
  parquet: () => import("./parquet.ts"),
  openmetrics: () => import("./openmetrics.ts"),
  notebook: () => import("./notebook.ts"),
};
