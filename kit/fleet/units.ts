/**
 * The units of a batch: each is a model in a variant at one TP degree, and boots its engine once.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { BatchJob } from "../sweep/batch/jobs.ts";

/** A unit. */
export interface FleetUnit {
  /** As messages and files name it. */
  readonly name: string;
  /** The sweep that it is a part of. */
  readonly sweep: BatchJob;
  readonly tp: number;
  /** What it is expected to take, its boot included. */
  readonly seconds: number;
  /** Begins the submission ID of each of its jobs; a number follows. */
  readonly prefix: string;
}

/** What makes two batches the same one. */
export interface BatchIdentity {
  readonly host: string;
  /** The batch's folder, absolute. */
  readonly out: string;
  readonly version: string;
}

/**
 * The units of a sweep. The same command gives the same submission IDs, and whatever changes what is measured gives
 * others.
 *
 * @param decisive What says what the sweep measures.
 */
export function unitsOf(sweep: BatchJob, batch: BatchIdentity, decisive: unknown): FleetUnit[] {
  return sweep.tp.map((tp) => {
    const name = `${sweep.name}--tp${tp}`;
    const digest = createHash("sha256").update(JSON.stringify([batch, sweep.name, tp, decisive]))
      .digest("hex").slice(0, 12);
    const seconds = (sweep.plan?.seconds ?? 0) / sweep.tp.length;
    return { name, sweep, tp, seconds, prefix: `vscope-${shortened(name)}-${digest}-` };
  });
}

/** The submission ID of a unit's job, counted from 1. */
export function submissionId({ prefix }: FleetUnit, attempt: number): string {
  return `${prefix}${attempt}`;
}

/** Which of a unit's jobs a submission ID is of; undefined where it is another's. */
export function attemptOf({ prefix }: FleetUnit, id: string): number | undefined {
  const number = id.startsWith(prefix) ? id.slice(prefix.length) : "";
  return /^[1-9]\d{0,5}$/.test(number) ? Number(number) : undefined;
}

/** Names of folders in Ray's logs are made of it. */
function shortened(name: string): string {
  return name.replaceAll(/[^\w.-]/g, "_").slice(0, 80);
}
