/**
 * The plan of `vscope sweep-all`: a sweep after the other.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { aboutBytes } from "../../contract/quantities.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { aboutTime } from "../plan/advice.ts";
import { type BatchJob, batchJobs } from "./jobs.ts";
import type { sweepAllOptions, SweepAllValues } from "./options.ts";
import type { BatchSubject } from "./subjects.ts";

/** What `perf/` is called where the hardware has no name yet. */
const UNNAMED = "HARDWARE";

/** Where a batch and all its sweeps go, absolute. */
function batchFolder(values: SweepAllValues, { common, cwd }: Invocation): string {
  const { hardware = [UNNAMED] } = values;
  // Each kind has a folder of its own below perf.
  const own = hardware.length > 1 ? "perf" : `perf/${hardware[0]}`;
  const out = (common.out ?? own).replace(/(?<=.)\/+$/, "");
  return out.startsWith("/") ? out : `${cwd}/${out}`;
}

/** The sweeps of a plan's batch. */
export function jobsOf(plan: Pick<Plan<typeof sweepAllOptions>, "invocation" | "out">): BatchJob[] {
  return batchJobs(plan.invocation.found as readonly BatchSubject[], plan.invocation, plan.out);
}

/**
 * Makes the plan; `invocation.found` are the {@linkcode BatchSubject}s. Pure.
 *
 * @throws {UsageError} where no sweep of the batch can be.
 */
export function planSweepAll(
  values: SweepAllValues,
  invocation: Invocation,
): Plan<typeof sweepAllOptions> {
  if (values.hardware === undefined && !invocation.common.dryRun) {
    throw new UsageError(
      "Cannot run sweep-all: no hardware is given; give --hardware or HARDWARE, a name for the folder " +
        "below perf such as H200",
    );
  }
  const out = batchFolder(values, invocation);
  const jobs = jobsOf({ invocation, out });
  const plans = jobs.flatMap(({ plan }) => plan ?? []);
  for (const own of Map.groupBy(jobs, ({ hardware }) => hardware).values()) {
    if (own.some(({ plan }) => plan)) continue;
    throw new UsageError(
      `Cannot run sweep-all: none of ${own.length} sweeps can be: ${own[0]!.model}: ` +
        own[0]!.refused,
    );
  }
  const all = (pick: (plan: BatchJob["plan"] & object) => readonly string[]) => [
    ...new Set(plans.flatMap(pick)),
  ];
  return {
    values,
    invocation,
    out,
    processes: [],
    files: [
      { path: "bundle.json", why: "what ran, and how each sweep ended" },
      { path: "journal.jsonl", why: "when each sweep began and ended" },
      { path: "logs/", why: "what vscope said, a file a sweep" },
      ...jobs.flatMap(({ folder, plan }) =>
        folder === undefined || !plan ? [] : [{ path: `${folder}/`, why: "the bundle of a sweep" }]
      ),
    ],
    diskBytes: plans.reduce((sum, { diskBytes = 0 }) => sum + diskBytes, 0),
    seconds: plans.reduce((sum, { seconds = 0 }) => sum + seconds, 0),
    permissions: [`write ${out}`, "run Python with vLLM, on one GPU or a CPU"],
    // Variants of a model are left out for the same reason.
    warnings: [...new Set(jobs.flatMap((job) => warningOf(job) ?? []))],
    unknown: all(({ unknown }) => unknown),
    notes: [
      ...all(({ notes = [] }) => notes),
      "The same command goes on where the batch was cut off; sweeps that are whole are left as they are",
    ],
    details: {
      json: { hardware: hardwareValue(values.hardware) ?? null, sweeps: jobs.map(jobJson) },
      text: text(jobs),
    },
  };
}

/** What a person has to know of a sweep that is not measured, or not as it was asked for. */
export function warningOf({ model, plan, refused }: BatchJob): string | undefined {
  if (refused === undefined) return undefined;
  return plan ? `A TP degree is left out: ${refused}` : `${model} is left out: ${refused}`;
}

/** One name as the text that `vscope sweep` takes; several as they are. */
export function hardwareValue(
  names: readonly string[] | undefined,
): string | readonly string[] | undefined {
  return names?.length === 1 ? names[0] : names;
}

function jobJson(
  { model, variant, hardware, tp, folder, plan, refused }: BatchJob,
): Record<string, unknown> {
  const { distinct_shots, categories } = plan?.details?.json ?? {};
  return {
    ...(hardware === undefined ? {} : { hardware }),
    model,
    variant: variant ?? null,
    tp,
    folder: folder ?? null,
    ...(plan
      ? {
        distinct_shots,
        categories,
        estimate: { seconds: plan.seconds, disk_bytes: plan.diskBytes },
      }
      : {}),
    ...(refused === undefined ? {} : { refused }),
  };
}

/** A sweep in a line: model, variant, hardware where there are several kinds, TP degrees. */
export function titleOf({ model, variant, hardware, tp }: BatchJob): string {
  const named = [model, variant, ...hardware === undefined ? [] : [`on ${hardware}`]];
  return `${named.filter(Boolean).join(" ")}, TP ${tp.join(", ")}`;
}

function text(jobs: readonly BatchJob[]): string[] {
  return [
    `Sweeps: ${jobs.length}`,
    ...jobs.map((job) => {
      const { plan } = job;
      if (!plan) return `  ${titleOf(job)}: cannot be`;
      return `  ${titleOf(job)}: ${plan.details!.json["distinct_shots"]} forward passes each, ` +
        `${aboutTime(plan.seconds!)}, ${aboutBytes(plan.diskBytes!)}`;
    }),
  ];
}
