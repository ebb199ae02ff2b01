/**
 * Puts a Python script of ours where it can be run, after it has been verified.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { EmbeddedFile } from "../../../hooks/embedded.ts";
import type { FileSystem } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { RUNNER_FILES } from "./runner_files.ts";

function isAltered({ text, sha256 }: EmbeddedFile): boolean {
  return createHash("sha256").update(text).digest("hex") !== sha256;
}

/** Scripts whose text is not what was pinned when vscope was built. */
export function alteredRunners(): string[] {
  return RUNNER_FILES.filter(isAltered).map(({ path }) => path);
}

/**
 * Writes a script. Needs write permission on the target.
 *
 * @param path Below `kit/engine/`.
 * @throws {RunError} when the script is not what was pinned: nothing is written then.
 */
export async function writeRunner(files: FileSystem, path: string, target: string): Promise<void> {
  const file = RUNNER_FILES.find((candidate) => candidate.path === path);
  if (!file || isAltered(file)) {
    throw new RunError(
      `Cannot write ${path}: it differs from what this vscope was built with; download vscope again`,
    );
  }
  await files.remove(target).catch(() => {});
  await files.writeTextFile(target, file.text, { createNew: true, mode: 0o644 });
}
