/**
 * A sweep of a batch as a stage: whether it is whole, and running it.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import { RunError } from "../../../contract/errors.ts";
import { flagOf } from "../../../contract/option.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import type { BatchJob } from "../../../sweep/batch/jobs.ts";
import { ENTRY_OPTIONS } from "../../../sweep/batch/options.ts";
import { titleOf, warningOf } from "../../../sweep/batch/plan.ts";
import type { Stage, StageEnd } from "../../automation/stage.ts";
import { runSweep } from "../run.ts";

/** Options that say what a sweep measures: where one is another, it is another sweep. */
const DECISIVE = [
  ...["timer", "validate", "validateLayers"],
  ...ENTRY_OPTIONS.filter((name) => name !== "variants"),
].map(flagOf);
/** How many of its notes are told as the reason. */
const TOLD = 2;

/** The stage. `secondsLeft` is what the time budget has for it. */
export function sweepStage(
  job: BatchJob,
  out: string,
  secondsLeft: () => number | undefined,
): Stage {
  const { name, folder, plan } = job;
  return {
    name,
    title: titleOf(job),
    seconds: plan?.seconds ?? 0,
    diskBytes: plan?.diskBytes ?? 0,
    startsEngine: plan !== undefined,
    needs: [],
    ...(plan && folder !== undefined ? { bundle: folder } : {}),
    processes: [],
    files: [],
    done: async (context) => plan !== undefined && await isWhole(context, `${out}/${folder}`, job),
    async run(context) {
      if (!plan) throw new RunError(job.refused!);
      const left = secondsLeft();
      const outcome = await runSweep({
        ...plan,
        values: {
          ...plan.values,
          ...(left === undefined ? {} : { timeBudget: Math.max(1, Math.floor(left)) }),
        },
      }, context);
      const reason = await reasonOf(context, plan.out, outcome.status !== "complete");
      return withRefusal({ status: outcome.status, ...(reason ? { reason } : {}) }, job);
    },
  };
}

/** A sweep without one of its TP degrees is a part of what was asked for. */
export function withRefusal({ status, reason }: StageEnd, job: BatchJob): StageEnd {
  const refusal = warningOf(job);
  const reasons = [reason, refusal].filter((text) => text !== undefined).join("; ");
  return {
    status: refusal !== undefined && status === "complete" ? "partial" : status,
    ...(reasons === "" ? {} : { reason: reasons }),
  };
}

/** Why a sweep is not whole: its errors, or what it warns of. */
async function reasonOf(
  { files }: RunContext,
  dir: string,
  flawed: boolean,
): Promise<string | undefined> {
  if (!flawed) return undefined;
  const { notes = [] } = await readManifest(files, dir) ?? {};
  const errors = notes.filter(({ severity }) => severity === "error");
  const told = (errors.length > 0 ? errors : notes).map(({ message }) => message);
  const more = told.length > TOLD ? [`${told.length - TOLD} more, see its bundle.json`] : [];
  return [...told.slice(0, TOLD), ...more].join("; ") || undefined;
}

/** Whether the folder has this very sweep, complete, and all its files. */
async function isWhole(
  { files }: RunContext,
  dir: string,
  { plan }: BatchJob,
): Promise<boolean> {
  if (plan!.values.force) return false;
  const manifest = await readManifest(files, dir).catch(() => undefined);
  if (manifest?.recipe !== "sweep" || manifest.status !== "complete") return false;
  const text = (value: unknown) => JSON.stringify(value);
  const { contract } = plan!.invocation;
  if (
    DECISIVE.some((name) => text(contract[name]?.value) !== text(manifest.contract[name]?.value))
  ) {
    return false;
  }
  for (const { path, bytes } of manifest.artifacts) {
    const size = await files.stat(`${dir}/${path}`).then((found) => found.size, () => undefined);
    if (size !== bytes) return false;
  }
  return manifest.artifacts.length > 0;
}
