/**
 * How the sweeps of a batch ended, as a table and for programs.
 *
 * @module
 */

import { formatDuration } from "../../../contract/quantities.ts";
import type { StageRecord } from "../../../bundle/manifest.ts";
import type { BatchJob } from "../../../sweep/batch/jobs.ts";

/** A sweep and its end, in the order of the batch. */
export interface EndedJob {
  readonly job: BatchJob;
  readonly record: StageRecord;
  /** Whether it had been whole before. */
  readonly kept: boolean;
}

/** The word for a sweep whose turn did not come. */
const WAITING = "waiting";

/** The table; reasons stand below the sweep that they are of. */
export function summaryText(ended: readonly EndedJob[]): string {
  const several = ended.some(({ job }) => job.hardware !== undefined);
  const rows = ended.map(({ job, record, kept }) => [
    ...several ? [job.hardware ?? ""] : [],
    job.model,
    job.variant ?? "",
    job.tp.join(","),
    record.status ?? WAITING,
    kept ? "before" : record.seconds === undefined ? "" : took(record.seconds),
  ]);
  const head = ["model", "variant", "TP", "status", "took"];
  const table = [several ? ["hardware", ...head] : head, ...rows];
  const widths = table[0]!.map((_, place) => Math.max(...table.map((row) => row[place]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, place) => cell.padEnd(widths[place]!)).join("  ").trimEnd();
  return [
    line(table[0]!),
    ...ended.flatMap(({ record: { reason } }, place) => [
      line(rows[place]!),
      ...(reason === undefined ? [] : [`  ${reason}`]),
    ]),
  ].join("\n");
}

function took(seconds: number): string {
  return seconds < 0.5 ? "" : formatDuration(Math.round(seconds));
}

/** The same as entries of a document. */
export function summaryJson(ended: readonly EndedJob[], out: string): Record<string, unknown>[] {
  return ended.map(({ job, record: { status, seconds, reason }, kept }) => ({
    ...(job.hardware === undefined ? {} : { hardware: job.hardware }),
    model: job.model,
    variant: job.variant ?? null,
    tp: job.tp,
    status: status ?? WAITING,
    kept,
    ...(seconds === undefined ? {} : { seconds }),
    ...(job.plan ? { bundle: `${out}/${job.folder}` } : {}),
    ...(reason === undefined ? {} : { reason }),
  }));
}
