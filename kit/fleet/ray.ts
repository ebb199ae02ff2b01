/**
 * What Ray's Jobs API says and is told, as far as a batch needs it.
 *
 * @module
 */

import type { FleetValues } from "../sweep/batch/fleet_options.ts";
import { MARK_AMOUNT } from "./where.ts";

/** A job, as Ray lists it. Times are in ms since 1970. */
export interface RayJob {
  readonly submission_id: string | null;
  readonly status: "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";
  readonly message?: string | null;
  readonly error_type?: string | null;
  readonly start_time?: number | null;
  readonly end_time?: number | null;
  readonly driver_exit_code?: number | null;
  readonly driver_node_id?: string | null;
  /** What it was submitted with. */
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/** What a job asks for. */
export interface Resources {
  readonly gpus: number;
  readonly cpus: number;
  readonly memoryBytes?: number;
  /** Of a node, as `accelerator_type:H100`. */
  readonly resource?: string;
}

/** A job to be submitted. */
export interface JobRequest {
  readonly id: string;
  readonly entrypoint: string;
  readonly resources: Resources;
  readonly runtimeEnv: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The resources that options ask for. */
export function resourcesOf(values: FleetValues, resource: string | undefined): Resources {
  const { jobGpus, jobCpus, jobMemory } = values;
  return {
    gpus: jobGpus,
    cpus: jobCpus,
    ...(jobMemory === undefined ? {} : { memoryBytes: jobMemory }),
    ...(resource === undefined ? {} : { resource }),
  };
}

/** Resources for a person. */
export function resourcesText({ gpus, cpus, resource }: Resources): string {
  return [`${gpus} GPUs`, `${cpus} CPUs`, ...resource === undefined ? [] : [resource]].join(", ");
}

/** The body with which a job is submitted. */
export function submission(job: JobRequest): Record<string, unknown> {
  const { gpus, cpus, memoryBytes, resource } = job.resources;
  return {
    submission_id: job.id,
    entrypoint: job.entrypoint,
    runtime_env: job.runtimeEnv,
    metadata: job.metadata,
    ...(gpus > 0 ? { entrypoint_num_gpus: gpus } : {}),
    ...(cpus > 0 ? { entrypoint_num_cpus: cpus } : {}),
    ...(memoryBytes === undefined ? {} : { entrypoint_memory: memoryBytes }),
    ...(resource === undefined ? {} : { entrypoint_resources: { [resource]: MARK_AMOUNT } }),
  };
}

/** Whether Ray is done with a job. */
export function isOver({ status }: RayJob): boolean {
  return status === "SUCCEEDED" || status === "FAILED" || status === "STOPPED";
}

/** Whether a job failed because no node had room for it in time: nothing was tried. */
export function foundNoRoom({ status, error_type, message }: RayJob): boolean {
  return status === "FAILED" &&
    (error_type === "JOB_SUPERVISOR_ACTOR_START_TIMEOUT" ||
      /supervisor actor failed to start within/.test(message ?? ""));
}

/** Why a job did not succeed, in one line. */
export function failureOf({ status, message, driver_exit_code: code }: RayJob): string {
  if (status === "STOPPED") return "the job was stopped";
  if (typeof code === "number" && code !== 0) return `the job ended with exit code ${code}`;
  const line = (message ?? "").split("\n").map((text) => text.trim()).find((text) => text !== "");
  return line === undefined ? "the job failed" : `the job failed: ${line.slice(0, 300)}`;
}

/** Seconds for which a job held its resources; until now where it is not over. */
export function heldSeconds({ start_time, end_time, status }: RayJob, nowMs: number): number {
  if (status === "PENDING" || typeof start_time !== "number") return 0;
  return Math.max(0, (end_time ?? nowMs) - start_time) / 1000;
}

/**
 * How many such jobs the nodes have room for when they are empty; undefined where the document does not say.
 *
 * @param summary What `/nodes?view=summary` answers.
 */
export function roomFor(
  { gpus, cpus, memoryBytes, resource }: Resources,
  summary: unknown,
): number | undefined {
  // deno-lint-ignore no-explicit-any -- a document of Ray's, looked at with care
  const nodes = (summary as any)?.data?.summary;
  if (!Array.isArray(nodes)) return undefined;
  let room = 0;
  for (const node of nodes) {
    const raylet = node?.raylet;
    const total = raylet?.resourcesTotal;
    if (typeof total !== "object" || total === null || raylet.state !== "ALIVE") continue;
    const share = (name: string, amount: number | undefined) =>
      amount === undefined || amount === 0 ? Infinity : (Number(total[name]) || 0) / amount;
    const fits = Math.min(
      share("GPU", gpus),
      share("CPU", cpus),
      share("memory", memoryBytes),
      resource === undefined ? Infinity : share(resource, MARK_AMOUNT),
    );
    room += fits === Infinity ? 1 : Math.floor(fits + 1e-9);
  }
  return room;
}
