/**
 * Where nsys is, and how to get it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { onPath } from "../python_of.ts";

/** How to get nsys; part of every message about its absence. */
export const HOW_TO_GET =
  "install NVIDIA Nsight Systems: apt-get install nsight-systems-cli from NVIDIA's repository, or " +
  "the download of https://developer.nvidia.com/nsight-systems/get-started; then have nsys on PATH, " +
  "or name it with --nsys";

/** An nsys. */
export interface FoundNsys {
  path: string;
  /** As it tells it: `2025.3.1.0`. */
  version: string;
  /** Whether it was found on PATH or named; else it is one of {@linkcode PLACES}. */
  named: boolean;
}

/** Folders that versions of nsys are installed below, and where it lies in each. */
const PLACES: readonly (readonly [string, string])[] = [
  ["/opt/nvidia/nsight-systems-cli", "target-linux-x64/nsys"],
  ["/opt/nvidia/nsight-systems", "target-linux-x64/nsys"],
  ["/opt/nvidia/nsight-systems", "bin/nsys"],
  ["/opt/nvidia/nsight-compute", "host/target-linux-x64/nsys"],
];

/** Every nsys of this machine outside PATH, the newest first. */
export async function installedNsys(
  context: RunContext,
  root = "",
): Promise<string[]> {
  const found: { version: string; path: string }[] = [];
  for (const [folder, inside] of PLACES) {
    try {
      for await (const { name } of context.files.readDir(root + folder)) {
        const path = `${root}${folder}/${name}/${inside}`;
        if (await onPath(context, path)) found.push({ version: name, path });
      }
    } catch {
      // Not installed there.
    }
  }
  const order = new Intl.Collator("en", { numeric: true });
  return found.sort((a, b) => order.compare(b.version, a.version)).map(({ path }) => path);
}

/**
 * The nsys to use.
 *
 * @param named What the person named.
 * @throws {UsageError} when there is none, or it cannot be run.
 */
export async function findNsys(
  context: RunContext,
  subject: string,
  named: string | undefined,
): Promise<FoundNsys> {
  const own = await onPath(context, named ?? "nsys");
  if (named !== undefined && own === undefined) {
    throw new UsageError(
      `Cannot run ${subject}: --nsys is "${named}", and there is no such program; correct it`,
    );
  }
  const path = own ?? (await installedNsys(context))[0];
  if (path === undefined) {
    throw new UsageError(`Cannot run ${subject}: there is no nsys on PATH; ${HOW_TO_GET}`);
  }
  const { code, stdout, stderr } = await context.processes
    .capture([path, "--version"], { timeoutMs: 60_000 })
    .catch((error) => ({ code: 1, stdout: "", stderr: String(error) }));
  const version = /version (\d[\w.]*)/.exec(stdout)?.[1];
  if (code !== 0 || version === undefined) {
    throw new UsageError(
      `Cannot run ${subject}: "${path} --version" ended with exit code ${code} ` +
        `(${(stderr || stdout).trim().split("\n").at(-1) || "it said nothing"}); ${HOW_TO_GET}`,
    );
  }
  return { path, version, named: own !== undefined };
}

/**
 * The importer that makes a report of what nsys recorded, where nsys could not do it itself: a
 * program beside nsys, in a folder whose name differs from release to release.
 */
export async function findImporter(
  context: RunContext,
  nsys: string,
): Promise<string | undefined> {
  const real = await context.files.realPath(nsys).catch(() => nsys);
  const base = real.split("/").slice(0, -2).join("/");
  try {
    for await (const { name } of context.files.readDir(base)) {
      const candidate = `${base}/${name}/QdstrmImporter`;
      if (await onPath(context, candidate)) return candidate;
    }
  } catch {
    // Told where it is needed.
  }
  return undefined;
}
