/**
 * Whether a bundle is what its manifest says.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { listArtifacts } from "./artifacts.ts";
import { readCsv } from "./files/csv_file.ts";
import { readManifest } from "./manifest_file.ts";
import { columnsOf, SESSION_TABLES } from "./session/session_tables.ts";

/** Something that is not as it should be. */
export interface Problem {
  /** Relative to the bundle's folder. */
  path: string;
  /** What is wrong. */
  message: string;
}

/**
 * Compares a bundle with its manifest. Needs read permission.
 *
 * @throws {UsageError} when the folder holds no manifest.
 *
 * @example Whether a bundle is as it was written
 * ```ts
 * import assert from "node:assert/strict";
 * import { type Problem, validateBundle } from "@vscope/vscope";
 *
 * const problems: Problem[] = await validateBundle(Deno, "perf/examples/session");
 * assert.deepEqual(problems, []);
 * ```
 */
export async function validateBundle(files: FileSystem, dir: string): Promise<Problem[]> {
  const manifest = await readManifest(files, dir);
  if (!manifest) {
    throw new UsageError(
      `Cannot validate "${dir}": it holds no bundle.json; give the folder of a bundle`,
    );
  }
  const problems: Problem[] = [];
  if (manifest.status === undefined) {
    problems.push({ path: "bundle.json", message: "the run has not ended" });
  }
  const present = new Map(
    (await listArtifacts(files, dir, manifest)).map((found) => [found.path, found]),
  );
  for (const { path, bytes, sha256 } of manifest.artifacts) {
    const found = present.get(path);
    present.delete(path);
    if (!found) problems.push({ path, message: "is missing" });
    else if (found.bytes !== bytes) {
      problems.push({ path, message: `has ${found.bytes} bytes, the manifest says ${bytes}` });
    } else if (found.sha256 !== sha256) {
      problems.push({ path, message: "has other contents than when the manifest was written" });
    }
  }
  for (const path of present.keys()) {
    problems.push({ path, message: "is not in the manifest" });
  }
  const tables = [
    ...Object.values(SESSION_TABLES).map((table) => ({ ...table, columns: columnsOf(table) })),
    ...(manifest.tables ?? []).map(({ path, columns }) => ({
      path,
      columns: columns.map(({ name }) => name),
    })),
  ];
  for (const table of tables) {
    const stream = await readCsv(files, `${dir}/${table.path}`);
    if (!stream) continue;
    const missing = table.columns.filter((column) => !stream.header.includes(column));
    if (missing.length > 0) {
      problems.push({ path: table.path, message: `lacks the columns ${missing.join(", ")}` });
    }
    for await (const _ of stream.batches) break;
  }
  return problems;
}
