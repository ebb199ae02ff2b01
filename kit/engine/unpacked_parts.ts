/**
 * The parts that the single file unpacks itself into, as `./dev build` wrote them down.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { FileSystem } from "../contract/context.ts";

/** Name of the list, beside our code. */
export const PARTS_NAME = "parts.json";

/** What the single file consists of. */
export interface Parts {
  /** How it is one file, for `--version`. */
  readonly kind: string;
  /** The version of Deno within. */
  readonly deno: string;
  /** SHA-256 by name. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** The list and its folder; undefined where we run from sources. Needs read permission. */
export async function unpackedParts(
  files: Pick<FileSystem, "readTextFile">,
): Promise<{ dir: string; parts: Parts } | undefined> {
  if (!Deno.mainModule.startsWith("file:")) return undefined;
  const dir = fileURLToPath(new URL(".", Deno.mainModule));
  try {
    return { dir, parts: JSON.parse(await files.readTextFile(dir + PARTS_NAME)) };
  } catch {
    return undefined;
  }
}

/** Names of the parts that are not as they were built. */
export async function alteredParts(
  files: Pick<FileSystem, "readFile">,
  { dir, parts }: { dir: string; parts: Parts },
): Promise<string[]> {
  const altered: string[] = [];
  for (const [name, sha256] of Object.entries(parts.sha256)) {
    const bytes = await files.readFile(dir + name).catch(() => undefined);
    const found = bytes && createHash("sha256").update(bytes).digest("hex");
    if (found !== sha256) altered.push(name);
  }
  return altered;
}
