/**
 * Where nsys is, and how to get it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { findTool, type FoundTool, installedTools, type ToolWish } from "../nvidia/find_tool.ts";
import { onPath } from "../python/python_of.ts";

/** How to get nsys; part of every message about its absence. */
export const HOW_TO_GET =
  "install NVIDIA Nsight Systems: apt-get install nsight-systems-cli from NVIDIA's repository, or " +
  "the download of https://developer.nvidia.com/nsight-systems/get-started; then have nsys on PATH, " +
  "or name it with --nsys";

/** An nsys. */
export type FoundNsys = FoundTool;

/** Folders that versions of nsys are installed below, and where it lies in each. */
const NSYS: ToolWish = {
  program: "nsys",
  places: [
    ["/opt/nvidia/nsight-systems-cli", "target-linux-x64/nsys"],
    ["/opt/nvidia/nsight-systems", "target-linux-x64/nsys"],
    ["/opt/nvidia/nsight-systems", "bin/nsys"],
    ["/opt/nvidia/nsight-compute", "host/target-linux-x64/nsys"],
  ],
  howToGet: HOW_TO_GET,
};

/** Every nsys of this machine outside PATH, the newest first. */
export async function installedNsys(context: RunContext, root = ""): Promise<string[]> {
  return await installedTools(context, NSYS, root);
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
  return await findTool(context, subject, NSYS, named);
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
