/**
 * Whether a sweep's folder has the layout that LLMServingSim reads.
 *
 * @module
 */

import { readManifest } from "../bundle/manifest_file.ts";
import type { Problem } from "../bundle/validate.ts";
import type { FileSystem } from "../contract/context.ts";
import { isThere } from "../contract/is_there.ts";
import { SKEW_FIT_COLUMNS } from "./fit/skew_fit_csv.ts";
import { type Reading, readMeta, tpFolders } from "./sweep_folder.ts";
import { SWEEP_TABLES, TABLE_NAMES, type TableName } from "./sweep_tables.ts";
import { numberIn, readTable } from "./table.ts";

/** Keys of `meta.yaml` that LLMServingSim reads, or that say what was measured. */
const META_KEYS = [
  "vllm_version",
  "gpu",
  "hardware",
  "architecture",
  "model",
  "variant",
  "tp_degrees",
  "engine_effective",
  "attention_grid",
  "measurement_iterations",
  "skew_profile",
  "skew_fit",
];

/** Tables of every TP degree, whatever the model. */
const ALWAYS: readonly TableName[] = ["dense", "per_sequence", "attention"];

/** Those that the folder must have. A sweep of some categories, or one that was cut off, has what it got to. */
async function wantedTables(files: FileSystem, dir: string): Promise<readonly TableName[]> {
  const manifest = await readManifest(files, dir);
  if (!manifest) return ALWAYS;
  const { only, "only-skew": onlySkew } = manifest.contract;
  // That of a merged sweep tells of no options.
  const whole = only !== undefined && only.value === undefined && onlySkew?.value !== true;
  return whole && manifest.status === "complete" ? ALWAYS : [];
}

/** Whether a folder is that of a sweep. Needs read permission. */
export async function isSweep(files: Reading, dir: string): Promise<boolean> {
  return (await tpFolders(files, dir)).length > 0;
}

/** What is not as a sweep's folder has to be. Needs read permission. */
export async function validateSweep(files: FileSystem, dir: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  const degrees = await tpFolders(files, dir);
  const meta = await readMeta(files, dir);
  if (!meta) problems.push({ path: "meta.yaml", message: "is missing" });
  const missing = META_KEYS.filter((key) => meta && !(key in meta.values));
  if (missing.length > 0) {
    problems.push({ path: "meta.yaml", message: `lacks ${missing.join(", ")}` });
  }
  const said = meta?.values["tp_degrees"];
  for (const tp of Array.isArray(said) ? said : []) {
    if (!degrees.includes(tp)) {
      problems.push({ path: `tp${tp}`, message: "is missing, and is in tp_degrees of meta.yaml" });
    }
  }
  const wanted = await wantedTables(files, dir);
  for (const tp of degrees) {
    let tables = 0;
    const absent: Problem[] = [];
    for (const name of TABLE_NAMES) {
      const path = `tp${tp}/${name}.csv`;
      const table = await readTable(files, `${dir}/${path}`);
      if (!table) {
        if (await isThere(files, `${dir}/${path}`)) problems.push({ path, message: "is empty" });
        else if (wanted.includes(name)) absent.push({ path, message: "is missing" });
        continue;
      }
      tables++;
      const { columns, key } = SWEEP_TABLES[name];
      const lacking = columns.filter((column) => !table.header.includes(column));
      if (lacking.length > 0) {
        problems.push({ path, message: `lacks the columns ${lacking.join(", ")}` });
        continue;
      }
      if (columns.some((column, place) => table.header[place] !== column)) {
        problems.push({ path, message: `has its columns in another order than ${columns.join()}` });
      }
      const places = key.filter((column) => column !== "layer")
        .map((column) => table.header.indexOf(column));
      const bad = table.rows.find(({ cells }) =>
        cells.length !== table.header.length ||
        places.some((place) => !((numberIn(cells[place]) ?? NaN) >= 0))
      );
      if (bad) {
        problems.push({
          path,
          message:
            `line ${bad.line} has no number in a key column, or not as many cells as the header`,
        });
      }
    }
    if (tables === 0) problems.push({ path: `tp${tp}`, message: "holds no table" });
    else problems.push(...absent);
    const path = `tp${tp}/skew_fit.csv`;
    const fit = await readTable(files, `${dir}/${path}`);
    const lacking = SKEW_FIT_COLUMNS.filter((column) => fit && !fit.header.includes(column));
    if (lacking.length > 0) {
      problems.push({ path, message: `lacks the columns ${lacking.join(", ")}` });
    }
  }
  return problems;
}
