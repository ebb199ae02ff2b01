/**
 * The sweeps of a batch, each with its plan or the reason why it cannot be.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { flagOf } from "../../contract/option.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import type { sweepOptions, SweepValues } from "../options.ts";
import { engineArguments } from "../plan/engine_arguments.ts";
import { planSweep } from "../plan/plan.ts";
import { sweepSettings } from "../plan/settings.ts";
import { type BatchSubject, reasonOf } from "./subjects.ts";

/** A sweep of a batch. */
export interface BatchJob {
  /** As the journal and the logs name it. */
  readonly name: string;
  readonly model: string;
  /** Absent where the model is not known. */
  readonly variant?: string;
  /** Absent where the whole batch is on one kind. */
  readonly hardware?: string;
  /** TP degrees that are measured. */
  readonly tp: readonly number[];
  /** Its folder, relative to the batch's. */
  readonly folder?: string;
  /** The plan of `vscope sweep`. */
  readonly plan?: Plan<typeof sweepOptions>;
  /** Why it is not measured, or not in all that was asked for. */
  readonly refused?: string;
}

/**
 * Plans each sweep below `out`. Pure. A TP degree that a model cannot have is left out by itself.
 *
 * @throws {UsageError} where two entries of the list mean the same folder in different ways.
 */
export function batchJobs(
  subjects: readonly BatchSubject[],
  invocation: Invocation,
  out: string,
): BatchJob[] {
  const jobs = new Map<string, { job: BatchJob; values: string }>();
  for (const entry of subjects) {
    const job = jobOf(entry, invocation, out);
    const values = JSON.stringify({ ...entry.values, model: "" });
    const same = jobs.get(job.name);
    if (same && same.values !== values) {
      throw new UsageError(
        `Cannot run sweep-all: ${job.model} is there twice with different options, and both would go ` +
          `to ${job.folder ?? "one folder"}; give one of them a variant of its own`,
      );
    }
    if (!same) jobs.set(job.name, { job, values });
  }
  return [...jobs.values()].map(({ job }) => job);
}

function jobOf(entry: BatchSubject, invocation: Invocation, out: string): BatchJob {
  const { values, listed, subject, hardware } = entry;
  const within = hardware === undefined ? "" : `${hardware}/`;
  const placed = hardware === undefined ? {} : { hardware };
  const refuse = (refused: string, known: Partial<BatchJob> = {}): BatchJob => ({
    name: nameOf(known.folder ?? `${within}${listed.model}`),
    model: listed.model,
    ...placed,
    tp: values.tpDegrees,
    ...known,
    refused,
  });
  if (!subject) return refuse(entry.refused!);
  const own = `${subject.model.id}`;
  try {
    const { variant } = sweepSettings(values, subject);
    const folder = `${within}${own}/${variant}`;
    const { tp, refused } = degreesThatWork(entry);
    if (tp.length === 0) return refuse(refused!, { folder, variant, model: own });
    const plan = planSweep({ ...values, tpDegrees: tp }, {
      ...invocation,
      contract: contractOf(entry, invocation, tp),
      common: { ...invocation.common, out: `${out}/${folder}` },
      found: subject,
    });
    return {
      name: nameOf(folder),
      model: own,
      variant,
      ...placed,
      tp,
      folder,
      plan,
      ...(refused === undefined ? {} : { refused }),
    };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return refuse(reasonOf(error), { model: own });
  }
}

/** A model that cannot be split over two GPUs can still be measured on one. */
function degreesThatWork({ values, subject }: BatchSubject) {
  const settings = sweepSettings(values, subject!);
  const reasons: string[] = [];
  const tp = settings.tpDegrees.filter((degree) => {
    try {
      engineArguments(settings, degree);
      return true;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      reasons.push(reasonOf(error));
      return false;
    }
  });
  return { tp, ...(reasons.length === 0 ? {} : { refused: reasons.join("; ") }) };
}

/** What `vscope sweep` would have been given: the batch's values, and those of the list. */
function contractOf(
  { values, listed }: BatchSubject,
  { contract }: Invocation,
  tp: readonly number[],
): Invocation["contract"] {
  const { models: _, variants: __, ...shared } = contract;
  const own = Object.keys(listed.values).map((name) => [
    flagOf(name),
    { value: values[name as keyof SweepValues], source: "config" as const, from: listed.from! },
  ]);
  const written: Invocation["contract"] = { ...shared, ...Object.fromEntries(own) };
  // Types that a variant's name said.
  for (const name of ["dtype", "kvCacheDtype", "variant"] as const) {
    const before = written[flagOf(name)];
    if (before?.value !== values[name]) {
      written[flagOf(name)] = { value: values[name], source: "config", from: "variants" };
    }
  }
  const source = contract["models"]?.source ?? "default";
  return {
    ...written,
    ...(values.hardware === undefined
      ? {}
      : { hardware: { ...written["hardware"]!, value: values.hardware } }),
    model: { value: values.model, source },
    "tp-degrees": { ...written["tp-degrees"]!, value: tp },
  };
}

/** A folder's path as one word. */
function nameOf(path: string): string {
  return path.replaceAll("/", "--").replaceAll(/[^\w.+-]/g, "_");
}
