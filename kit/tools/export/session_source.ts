/**
 * The session that is exported: its manifest, and the tables that are there.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { isSession } from "../../bundle/merge/merge.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import type { OwnColumn } from "../../bundle/session/own_tables.ts";
import { SESSION_TABLES, type SessionTable } from "../../bundle/session/session_tables.ts";
import { settleBundle } from "../../bundle/settle.ts";
import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";

/** A table that the session has. */
export interface SourceTable {
  readonly name: string;
  /** Relative to the bundle's folder. */
  readonly path: string;
  /** What is known of it; a table by another hand has none. */
  readonly known?: Pick<SessionTable, "schema" | "row">;
  /** The columns, where the session itself says what they are: a table of the user's own profiler. */
  readonly columns?: readonly OwnColumn[];
}

/** A session bundle. */
export interface SessionSource {
  readonly dir: string;
  /** The folder's own name. */
  readonly name: string;
  readonly manifest: Manifest;
  readonly tables: readonly SourceTable[];
}

/**
 * Opens a session; one that was not merged is merged first, as for every command.
 *
 * @throws UsageError when the folder is no session. Needs read permission, and write permission on
 * a session that is open.
 */
export async function openSession(files: FileSystem, given: string): Promise<SessionSource> {
  const dir = given.replace(/(?<=.)\/+$/, "");
  const found = await files.stat(dir).catch(() => undefined);
  if (!found) throw new UsageError(`Cannot export "${dir}": there is no such folder`);
  if (!found.isDirectory) {
    throw new UsageError(`Cannot export "${dir}": it is a file; give the folder of a session`);
  }
  if (!await isSession(files, dir)) throw noSession(dir, await readManifest(files, dir));
  const manifest = await settleBundle(files, dir);
  const tables = manifest ? await tablesOf(files, dir, manifest) : [];
  if (!manifest || tables.length === 0) {
    throw new UsageError(
      `Cannot export "${dir}": the session has no tables; no profiler was on, or no vLLM came up`,
    );
  }
  const name = (await files.realPath(dir)).split("/").at(-1) || "session";
  return { dir, name, manifest, tables };
}

function noSession(dir: string, manifest: Manifest | undefined): UsageError {
  return new UsageError(
    manifest
      ? `Cannot export "${dir}": it is a bundle of ${manifest.recipe}, which is no session; ` +
        "give what monitor, moe or quickstart left"
      : `Cannot export "${dir}": the folder holds no session; give what monitor, moe or ` +
        "quickstart left, as session_20260124_123456_4711",
  );
}

/** The tables that are there: those that we know, and those that stand beside them. */
async function tablesOf(
  files: FileSystem,
  dir: string,
  { artifacts, tables: own = [] }: Manifest,
): Promise<SourceTable[]> {
  const all = [
    ...Object.entries(SESSION_TABLES).map(([name, known]) => ({ name, path: known.path, known })),
    ...own.map(({ name, path, schema, row, columns }) => ({
      name,
      path,
      known: { schema, row },
      columns,
    })),
    ...artifacts
      .map(({ path }) => path)
      .filter((path) => path.endsWith(".csv") && !path.startsWith("processes/"))
      .filter((path) => !Object.values(SESSION_TABLES).some((known) => known.path === path))
      .filter((path) => !own.some((known) => known.path === path))
      .map((path) => ({ name: path.slice(path.lastIndexOf("/") + 1, -4), path })),
  ];
  const there = await Promise.all(
    all.map(({ path }) => files.stat(`${dir}/${path}`).then(({ isFile }) => isFile, () => false)),
  );
  return all.filter((_, place) => there[place]);
}
