/**
 * Traces that are folders: Apple's `.gputrace` and `.trace`.
 *
 * Tens of thousands of files, most of them sparse: their lengths add up to many times what they
 * occupy. Nobody wants a checksum of such contents, so a folder is known by the names and lengths
 * of its files.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { FileSystem } from "../../contract/context.ts";

/** Endings of such folders, with the schema that the manifest names. */
const TRACE_SCHEMAS: ReadonlyMap<string, string> = new Map([
  [".gputrace", "gputrace-listing@1"],
  [".trace", "instruments-trace-listing@1"],
]);

/** The schema of a folder that is a trace; undefined for any other. */
export function traceSchema(name: string): string | undefined {
  return [...TRACE_SCHEMAS].find(([ending]) => name.endsWith(ending))?.[1];
}

/** How large a trace is. */
export interface TraceSize {
  files: number;
  /** Sum of the files' lengths. */
  apparentBytes: number;
  /** What the files occupy; absent where the system does not tell. */
  allocatedBytes?: number;
  /** SHA-256 over names and lengths, hexadecimal. */
  listing: string;
}

/** Bytes in one of `st_blocks`, whatever the file system's own blocks are. */
const BLOCK_BYTES = 512;

/**
 * Measures a trace, which may be a folder or a file. Needs read permission.
 *
 * A file that goes while it is looked at counts as not there.
 */
export async function measureTrace(files: FileSystem, path: string): Promise<TraceSize> {
  const found: [name: string, bytes: number][] = [];
  let allocated: number | undefined = 0;
  const take = async (at: string, name: string) => {
    const stat = await files.stat(at).catch(() => undefined);
    if (!stat) return;
    if (stat.isDirectory) {
      for await (const entry of files.readDir(at)) {
        await take(`${at}/${entry.name}`, name ? `${name}/${entry.name}` : entry.name);
      }
      return;
    }
    found.push([name, stat.size]);
    allocated = stat.blocks === null || allocated === undefined
      ? undefined
      : allocated + stat.blocks * BLOCK_BYTES;
  };
  await take(path, "");
  const hash = createHash("sha256");
  for (const [name, bytes] of found.sort(([a], [b]) => a < b ? -1 : 1)) {
    hash.update(`${name}\t${bytes}\n`);
  }
  return {
    files: found.length,
    apparentBytes: found.reduce((sum, [, bytes]) => sum + bytes, 0),
    ...(allocated === undefined ? {} : { allocatedBytes: allocated }),
    listing: hash.digest("hex"),
  };
}
