/**
 * Puts the Python hooks into a folder for PYTHONPATH, and says which environment loads them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { HOOK_FILES } from "../../../hooks/embedded.ts";
import { requireUnshared } from "../../bundle/files/shared_folder.ts";
import type { FileSystem } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";

/** Name of the hooks' entry point in the group `vllm.general_plugins`. */
export const PLUGIN_NAME = "vscope";

/**
 * Files of the package whose text is not what was pinned when vscope was built.
 */
export function alteredHookFiles(): string[] {
  return HOOK_FILES
    .filter(({ text, sha256 }) => createHash("sha256").update(text).digest("hex") !== sha256)
    .map(({ path }) => path);
}

/** The package of a sweep's worker, which only a sweep needs. */
const SWEEP_PACKAGE = "vscope_sweep/";

/** The package of a session's job on a cluster, which only that needs. */
const FLEET_PACKAGE = "vscope_fleet/";

/**
 * The files that a job on a cluster needs: the hooks, and what sends home what they record.
 *
 * @throws {RunError} when an embedded file is not what was pinned.
 */
export function fleetHookFiles(): { path: string; text: string }[] {
  refuseAltered();
  return HOOK_FILES.filter(({ path }) => !path.startsWith(SWEEP_PACKAGE));
}

/**
 * Writes the package to `dir` after it has verified every file. Needs write permission on `dir`.
 *
 * @throws {RunError} when an embedded file is not what was pinned: nothing is written then.
 */
export function writeHooks(files: FileSystem, dir: string): Promise<void> {
  return writeFiles(
    files,
    dir,
    (path) => !path.startsWith(SWEEP_PACKAGE) && !path.startsWith(FLEET_PACKAGE),
  );
}

/** The same for the package of a sweep's worker, without the hooks. */
export function writeSweepWorker(files: FileSystem, dir: string): Promise<void> {
  return writeFiles(files, dir, (path) => path.startsWith(SWEEP_PACKAGE));
}

function refuseAltered(): void {
  const altered = alteredHookFiles();
  if (altered.length > 0) {
    throw new RunError(
      `Cannot write the hooks: ${
        altered.join(", ")
      } differ from what this vscope was built with; ` +
        "download vscope again",
    );
  }
}

async function writeFiles(
  files: FileSystem,
  dir: string,
  wanted: (path: string) => boolean,
): Promise<void> {
  refuseAltered();
  await requireUnshared(files, dir);
  for (const { path, text } of HOOK_FILES.filter(({ path }) => wanted(path))) {
    const target = `${dir}/${path}`;
    await files.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true, mode: 0o755 });
    // Whatever had the name goes: nothing is written through a link, and nobody else may write to it.
    await files.remove(target).catch(() => {});
    await files.writeTextFile(target, text, { createNew: true, mode: 0o644 });
  }
}

/**
 * The variables with which a vLLM loads the hooks from `dir`.
 *
 * @param inherited The environment that the process would get: its PYTHONPATH is kept behind ours,
 * and a VLLM_PLUGINS that it sets, an allow-list, gets our name.
 */
export function hooksEnvironment(
  dir: string,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const env: Record<string, string> = {
    PYTHONPATH: [dir, inherited["PYTHONPATH"]].filter(Boolean).join(":"),
  };
  const plugins = inherited["VLLM_PLUGINS"];
  if (plugins !== undefined) {
    const names = plugins.split(",").filter(Boolean);
    env["VLLM_PLUGINS"] = [...new Set([...names, PLUGIN_NAME])].join(",");
  }
  return env;
}
