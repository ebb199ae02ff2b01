/**
 * A sweep's folder, whoever made it.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { UsageError } from "../contract/errors.ts";
import { parseYaml } from "../contract/yaml.ts";

/** The part of the file system that reading takes. */
export type Reading = Pick<FileSystem, "readDir" | "readTextFile">;

/** TP degrees that the folder has a `tp<N>` for, rising; none where there is no such folder. */
export async function tpFolders(files: Reading, dir: string): Promise<number[]> {
  const found: number[] = [];
  try {
    for await (const { name } of files.readDir(dir)) {
      const degree = /^tp([1-9]\d*)$/.exec(name)?.[1];
      if (degree !== undefined) found.push(Number(degree));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) {
      throw error;
    }
  }
  return found.sort((one, other) => one - other);
}

/** The TP degrees of a sweep that a command is to `verb`. @throws {UsageError} where it is none. */
export async function sweepDegrees(files: Reading, dir: string, verb: string): Promise<number[]> {
  const degrees = await tpFolders(files, dir);
  if (degrees.length > 0) return degrees;
  throw new UsageError(
    `Cannot ${verb} "${dir}": it holds no folder tp1, tp2 …; give the folder of a sweep, ` +
      "as perf/H200/Qwen/Qwen3-0.6B/bf16",
  );
}

/** `meta.yaml`. */
export interface Meta {
  readonly text: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads `meta.yaml`. Needs read permission.
 *
 * @returns nothing where there is none.
 * @throws {UsageError} where it is no mapping.
 */
export async function readMeta(files: Reading, dir: string): Promise<Meta | undefined> {
  let text: string;
  try {
    text = await files.readTextFile(`${dir}/meta.yaml`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const values = await parseYaml(text, `Cannot read ${dir}/meta.yaml: it`) ?? {};
  if (typeof values !== "object" || Array.isArray(values)) {
    throw new UsageError(`Cannot read ${dir}/meta.yaml: it is no mapping`);
  }
  return { text, values: values as Record<string, unknown> };
}

/** A mapping within a mapping; empty where there is none. */
export function part(values: unknown, key: string | number): Readonly<Record<string, unknown>> {
  const found = (values as Record<string, unknown> | undefined)?.[key];
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? found as Record<string, unknown>
    : {};
}
