/**
 * The ranks of a run side by side, and the one that the others wait for.
 *
 * @module
 */

import type { RankRow } from "../capture/model.ts";
import { type FileSummary, totalsOf } from "./file_summary.ts";

/** Compute times closer than this share are equal: no rank is slow. */
const CLOSE = 0.005;

/**
 * A row for each rank. The slowest is the one with the most compute: while it computes, the others
 * wait inside their communication kernels, so that all ranks take the same time in all.
 */
export function rankRows(ranks: readonly FileSummary[]): RankRow[] {
  const rows: RankRow[] = ranks.map(({ source, path, rank, times, result: { steps } }) => {
    const sum = (pick: (time: FileSummary["times"][number]) => number) =>
      times.reduce((total, time) => total + pick(time), 0);
    const mean = steps.reduce((total, { start, end }) => total + end - start, 0) / steps.length;
    return {
      source,
      path,
      ...(rank === undefined ? {} : { rank }),
      ...(times.length === 0 ? {} : {
        gpu: totalsOf(times),
        compute_ns: sum((time) => time.kernelTime - time.communicationTime),
        communication_ns: sum((time) => time.communicationTime),
        exposed_communication_ns: sum((time) => time.busy - time.computeBusy),
      }),
      ...(steps.length === 0 ? {} : { iterations: steps.length, step_mean_ms: mean / 1e6 }),
    };
  }).sort((a, b) => (a.rank ?? a.source) - (b.rank ?? b.source));
  return withSlowest(rows);
}

/** The same rows; the one that computes longest is marked, where one clearly does. */
export function withSlowest(rows: readonly RankRow[]): RankRow[] {
  const [most, next] = rows.filter(({ compute_ns }) => compute_ns !== undefined)
    .sort((a, b) => b.compute_ns! - a.compute_ns!);
  if (!most || !next || most.compute_ns! < next.compute_ns! * (1 + CLOSE)) return [...rows];
  return rows.map((row) => row === most ? { ...row, slowest: true as const } : row);
}
