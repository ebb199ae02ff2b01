/**
 * Where ncu is, and how to get it.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { findTool, type FoundTool, installedTools, type ToolWish } from "../nvidia/find_tool.ts";

/** How to get ncu; part of every message about its absence. */
export const HOW_TO_GET_NCU =
  "install NVIDIA Nsight Compute: it is part of the CUDA toolkit (apt-get install nsight-compute from " +
  "NVIDIA's repository), or the download of https://developer.nvidia.com/nsight-compute; then have " +
  "ncu on PATH, or name it with --ncu";

const NCU: ToolWish = {
  program: "ncu",
  places: [
    ["/opt/nvidia/nsight-compute", "ncu"],
    // A toolkit lies in cuda-12.8, with cuda leading to it.
    ["/usr/local", "bin/ncu"],
  ],
  howToGet: HOW_TO_GET_NCU,
};

/** Every ncu of this machine outside PATH, the newest first. */
export async function installedNcu(context: RunContext, root = ""): Promise<string[]> {
  return await installedTools(context, NCU, root);
}

/**
 * The ncu to use.
 *
 * @param named What the person named.
 * @throws {UsageError} when there is none, or it cannot be run.
 */
export async function findNcu(
  context: RunContext,
  named: string | undefined,
): Promise<FoundTool> {
  return await findTool(context, "ncu", NCU, named);
}
