/**
 * From files to their analysis: finds the reader of each file.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { DamagedArchive, headOf } from "./bytes.ts";
import type { CaptureAnalysis } from "./model.ts";
import type { CaptureReader, ReadOptions, Trimmed, Window } from "./reader.ts";
import { readers } from "./readers.ts";

/**
 * Reads captures; several files are the ranks of one run.
 *
 * @throws UsageError when a file is missing, empty, of no known kind, or the kinds differ.
 */
export async function analyzeCapture(
  files: FileSystem,
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<CaptureAnalysis> {
  return await (await readerOf(files, paths)).read(files, paths, options);
}

/**
 * Writes a window of a capture as a file of its own.
 *
 * @throws UsageError when there is no such window, or the kind of capture cannot be cut.
 */
export async function trimCapture(
  files: FileSystem,
  path: string,
  window: Window,
  out: string,
  options: ReadOptions = {},
): Promise<Trimmed> {
  const reader = await readerOf(files, [path]);
  if (!reader.trim) {
    throw new UsageError(
      `Cannot cut a window out of "${path}": it is ${reader.description}, and windows are cut ` +
        "out of torch traces",
    );
  }
  return await reader.trim(files, path, window, out, options);
}

/** The reader that all files have in common. */
async function readerOf(
  files: FileSystem,
  paths: readonly string[],
): Promise<CaptureReader> {
  const known = await Promise.all(readers.map((load) => load()));
  let common: { reader: CaptureReader; path: string } | undefined;
  for (const path of paths) {
    const head = await firstBytes(files, path);
    const reader = known.find((one) => one.recognises(path, head));
    if (!reader) {
      const kinds = known.map(({ description }) => description).join(", ");
      throw new UsageError(
        `Cannot analyze "${path}": it is no capture that this vscope reads (${kinds}, and the ` +
          "folder of a session)",
      );
    }
    if (common && common.reader !== reader) {
      throw new UsageError(
        `Cannot analyze these files together: "${common.path}" is ${common.reader.description}, ` +
          `"${path}" is ${reader.description}; give the ranks of one run, or one file`,
      );
    }
    common ??= { reader, path };
  }
  if (!common) throw new UsageError("Cannot analyze: no file was given");
  return common.reader;
}

async function firstBytes(files: FileSystem, path: string): Promise<Uint8Array> {
  let bytes: number;
  try {
    bytes = (await files.stat(path)).size;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(`Cannot analyze "${path}": there is no such file or folder`);
  }
  if (bytes === 0) throw new UsageError(`Cannot analyze "${path}": the file is empty`);
  try {
    return await headOf(files, path);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new UsageError(`Cannot analyze "${path}": it may not be read`);
    }
    if (!(error instanceof DamagedArchive)) throw error;
    throw new UsageError(
      `Cannot analyze "${path}": the gzip file is damaged (${error.message}); fetch it again`,
    );
  }
}
