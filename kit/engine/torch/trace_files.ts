/**
 * The files that vLLM's torch profiler leaves: found by looking, because their names differ from
 * release to release.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";

/** A file in the profiler's folder. */
export interface TraceFile {
  /** Relative to the profiler's folder. */
  path: string;
  bytes: number;
  /** A worker's trace, the front end's (the API server's process), a table, something else. */
  role: "rank" | "front end" | "table" | "other";
  /** Rank within its data-parallel group, of a worker's trace whose name tells it. */
  rank?: number;
  /** Data-parallel group. */
  dp?: number;
}

/** Reads the name of a file. */
export function readTraceName(path: string): Omit<TraceFile, "path" | "bytes"> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/profiler_out.*\.txt$/.test(name)) return { role: "table" };
  if (!/\.json(\.gz)?$/.test(name)) return { role: "other" };
  // Traces of vLLM's start, of the capture of CUDA graphs.
  if (/(^|\/)capture_traces\//.test(path)) return { role: "other" };
  if (/async_llm/.test(name)) return { role: "front end" };
  const rank = /(?:^|[_-])rank[_-]?(\d+)(?=[._-])/.exec(name)?.[1];
  const dp = /(?:^|_)dp(\d+)_/.exec(name)?.[1];
  return {
    role: "rank",
    ...(rank === undefined ? {} : { rank: Number(rank) }),
    ...(dp === undefined ? {} : { dp: Number(dp) }),
  };
}

/** What a file is called in messages: `rank 3`, `dp 1 rank 0`, `front end`. */
export function traceLabel({ role, rank, dp }: Pick<TraceFile, "role" | "rank" | "dp">): string {
  if (role !== "rank") return role;
  return (dp ? `dp ${dp} ` : "") + (rank === undefined ? "rank unknown" : `rank ${rank}`);
}

/** Files of a folder and of those below it; none where there is no folder. Needs read permission. */
export async function listTraces(files: FileSystem, dir: string): Promise<TraceFile[]> {
  const found: TraceFile[] = [];
  const look = async (below: string) => {
    try {
      for await (const { name, isDirectory, isFile } of files.readDir(`${dir}/${below}`)) {
        const path = below + name;
        if (isDirectory && below.split("/").length < 3) await look(`${path}/`);
        if (!isFile) continue;
        const { size } = await files.stat(`${dir}/${path}`);
        found.push({ path, bytes: size, ...readTraceName(path) });
      }
    } catch (error) {
      // Not made yet, or a temporary file that has gone.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  await look("");
  return found.sort((a, b) => order(a) - order(b) || (a.path < b.path ? -1 : 1));
}

const ROLES: TraceFile["role"][] = ["rank", "front end", "table", "other"];

function order({ role, rank = 0, dp = 0 }: TraceFile): number {
  return 1e8 * ROLES.indexOf(role) + 1e4 * dp + rank;
}
