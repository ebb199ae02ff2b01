/**
 * The files of a bundle, with size and checksum.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FileSystem } from "../contract/context.ts";
import { type ArtifactRecord, type Manifest, MANIFEST_NAME } from "./manifest.ts";
import type { OwnTable } from "./session/own_tables.ts";
import { RESERVE_NAME } from "./files/reserve.ts";
import { SESSION_TABLES } from "./session/session_tables.ts";
import { measureTrace, traceSchema } from "./files/trace_folder.ts";

const MEDIA_TYPES: Record<string, string> = {
  csv: "text/csv",
  html: "text/html",
  json: "application/json",
  prom: "text/plain; version=0.0.4",
  py: "text/x-python",
  jsonl: "application/jsonl",
  log: "text/plain",
  sqlite: "application/vnd.sqlite3",
  xml: "text/xml",
  txt: "text/plain",
};

/** Files that come and go while the bundle is open, and the manifest itself. */
const NOT_LISTED = [MANIFEST_NAME, RESERVE_NAME, "paused"];

/**
 * Lists every file of the bundle but its manifest and unfinished ones. Needs read permission.
 *
 * A file that is taken away meanwhile (such as a database's journal) is none of the bundle's.
 * A trace that is a folder is one entry, whose checksum is that of its listing. The sweeps of a batch
 * are bundles of their own, which list their files, and other commands work on them: the batch lists
 * what is its own.
 *
 * @param manifest Knows the recipe, and the schemas of tables that a user's own profilers wrote.
 * @param known An earlier list, and when it was written: a file of the same size that was last changed
 * before is not read again.
 */
export async function listArtifacts(
  files: FileSystem,
  dir: string,
  { recipe, tables: own = [] }: Pick<Manifest, "recipe" | "tables">,
  known?: { readonly artifacts: readonly ArtifactRecord[]; readonly at: Date },
): Promise<ArtifactRecord[]> {
  const found: ArtifactRecord[] = [];
  const before = new Map(known?.artifacts.map((record) => [record.path, record]));
  const isOwn = (path: string) => recipe !== "sweep-all" || /^(logs\/.*|[^/]*)$/.test(path);
  for (const path of (await walk(files, dir, "")).filter(isOwn).sort()) {
    if (NOT_LISTED.includes(path) || path.endsWith(".tmp")) continue;
    const schema = traceSchema(path);
    if (schema) {
      const { apparentBytes, listing } = await measureTrace(files, `${dir}/${path}`);
      found.push({ path, bytes: apparentBytes, sha256: listing, schema });
      continue;
    }
    const same = before.get(path);
    if (same && await isUnchanged(files, `${dir}/${path}`, same.bytes, known!.at)) {
      found.push(same);
      continue;
    }
    const measured = await measureIfThere(files, `${dir}/${path}`);
    if (measured) found.push({ path, ...measured, schema: schemaOf(path, own) });
  }
  return found;
}

async function isUnchanged(files: FileSystem, path: string, bytes: number, since: Date) {
  const stat = await files.stat(path).catch(() => undefined);
  return stat?.size === bytes && stat.mtime !== null && stat.mtime < since;
}

async function measureIfThere(files: FileSystem, path: string) {
  try {
    return await measure(files, path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** When a file of the bundle was written last, in Unix milliseconds; 0 where nothing tells. */
export async function lastChange(files: FileSystem, dir: string): Promise<number> {
  let last = 0;
  for (const path of await walk(files, dir, "")) {
    const stat = await files.stat(`${dir}/${path}`).catch(() => undefined);
    last = Math.max(last, stat?.mtime?.getTime() ?? 0);
  }
  return last;
}

async function walk(files: FileSystem, dir: string, below: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of files.readDir(`${dir}/${below}`)) {
    const path = below + entry.name;
    if (entry.isDirectory && traceSchema(path)) paths.push(path);
    else if (entry.isDirectory) paths.push(...await walk(files, dir, `${path}/`));
    else if (entry.isFile) paths.push(path);
  }
  return paths;
}

/** Size in bytes and SHA-256 (hexadecimal) of a file, read in blocks. */
export async function measure(
  files: FileSystem,
  path: string,
): Promise<{ bytes: number; sha256: string }> {
  using file = await files.open(path, { read: true });
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 18);
  let bytes = 0;
  for (;;) {
    const count = await file.read(buffer);
    if (count === null) return { bytes, sha256: hash.digest("hex") };
    hash.update(buffer.subarray(0, count));
    bytes += count;
  }
}

function schemaOf(path: string, own: readonly OwnTable[]): string {
  // A session may lie within the bundle of an automation.
  const inside = path.slice(path.indexOf("/") + 1);
  const tables = [...Object.values(SESSION_TABLES), ...own];
  const table = tables.find((candidate) => candidate.path === path || candidate.path === inside);
  if (table) return table.schema;
  return MEDIA_TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
}
