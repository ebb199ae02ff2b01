/**
 * What a job on the cluster is told, and what it tells at its end.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { BatchJob } from "../sweep/batch/jobs.ts";
import { sweepOptions, type SweepValues } from "../sweep/options.ts";
import type { SweepSubject } from "../sweep/plan/settings.ts";
import type { ResolvedValue } from "../contract/resolve.ts";
import type { S3Place } from "./s3_place.ts";
import type { FleetUnit } from "./units.ts";

/** Folder in the package of a unit, and the files in it. */
export const UNIT_FOLDER = "vscope_unit";
/** The {@linkcode UnitOrder}. */
export const ORDER_NAME = "order.json";
/** What is home of the unit already. */
export const HOME_JOURNAL = "journal.log";
/** Where results go through a folder, the {@linkcode UnitEnd} goes beside the journal. */
export const END_NAME = "end.json";

/** What a job is to do. */
export interface UnitOrder {
  readonly schema_version: 1;
  readonly name: string;
  readonly tp: number;
  /** Options of the sweep; no secret is among them. */
  readonly values: SweepValues;
  readonly contract: Readonly<Record<string, ResolvedValue>>;
  /** `text` is the config.json. */
  readonly model: { readonly id: string; readonly from: string; readonly text: string };
  readonly architecture: { readonly name: string; readonly text: string };
  /** The sweep's folder, where this machine and the cluster share one. */
  readonly folder?: string;
  /** Where results go in a bucket; the keys are in the job's environment. */
  readonly s3?: { readonly place: S3Place; readonly folder: string };
}

/** How a job ended. */
export interface UnitEnd {
  readonly status: "complete" | "partial" | "failed" | "interrupted";
  /** Why it is not complete. */
  readonly reason?: string;
  /** Shots that could not be fired, and why. */
  readonly failed: readonly { readonly k: string; readonly why: string }[];
  readonly notes: Manifest["notes"];
  readonly versions: Manifest["versions"];
  readonly devices: Manifest["devices"];
}

/** Whether a document tells how a job ended. */
export function isEnd(value: unknown): value is UnitEnd {
  const end = value as Partial<UnitEnd> | null | undefined;
  return typeof end?.status === "string" && Array.isArray(end.failed) && Array.isArray(end.notes) &&
    Array.isArray(end.devices) && typeof end.versions === "object";
}

/** The order of a unit's job. */
export function orderOf(
  { name, tp, sweep }: FleetUnit,
  timeBudget: number | undefined,
  storage: Pick<UnitOrder, "folder" | "s3">,
): UnitOrder {
  const { values, invocation } = sweep.plan!;
  const { model: { id, from, text }, architecture } = invocation.found as SweepSubject;
  return {
    schema_version: 1,
    name,
    tp,
    values: {
      ...withoutSecrets(values),
      model: id,
      force: false,
      timeBudget,
      resumeFrom: undefined,
    },
    contract: invocation.contract,
    model: { id, from, text },
    architecture: { name: architecture.name, text: architecture.text },
    ...storage,
  };
}

/** What says what a sweep measures, for the submission IDs. */
export function decisiveOf({ plan }: BatchJob): unknown {
  if (!plan) return undefined;
  const { model, architecture } = plan.invocation.found as SweepSubject;
  const { python: _, verbosity: __, timeBudget: ___, ...values } = withoutSecrets(plan.values);
  return { values, config: model.config, architecture: architecture.text };
}

/** Values of the options of a sweep alone, without secrets. */
function withoutSecrets(values: SweepValues): SweepValues {
  const names = Object.entries(sweepOptions).filter(([, option]) => !option.secret)
    .map(([name]) => name as keyof SweepValues);
  return Object.fromEntries(names.map((name) => [name, values[name]])) as unknown as SweepValues;
}
