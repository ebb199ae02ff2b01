/**
 * `vscope sweep-all`: one sweep after the other, and what became of each.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import { messageOf, UsageError } from "../../../contract/errors.ts";
import type { Options } from "../../../contract/option.ts";
import type { Outcome, Plan } from "../../../contract/recipe.ts";
import { closeCapture } from "../../../bundle/capture_bundle.ts";
import type { BundleStatus, Manifest, StageRecord } from "../../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../../bundle/manifest_file.ts";
import type { sweepAllOptions } from "../../../sweep/batch/options.ts";
import { jobsOf } from "../../../sweep/batch/plan.ts";
import { withVerbosity } from "../../../sweep/verbosity.ts";
import { runStages } from "../../automation/run_stages.ts";
import type { Stage } from "../../automation/stage.ts";
import { openManifest, reopenManifest } from "../../open_manifest.ts";
import { outcomeOf } from "../../outcome.ts";
import { onPath, type PythonFacts } from "../../python_of.ts";
import { requireVllm } from "../../require_vllm.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { sweepStage } from "./sweep_stage.ts";

/** The recipe, as its bundle names it. */
export const BATCH_RECIPE = "sweep-all";

/**
 * Runs the sweeps that are not whole, or goes on with the batch in the folder.
 *
 * @throws {UsageError} where a sweep is to be measured and there is no vLLM, or the folder holds
 * something else.
 */
export async function runSweepAll(
  plan: Plan<typeof sweepAllOptions>,
  given: RunContext,
): Promise<Outcome> {
  const { values, invocation, out } = plan;
  const context = { ...given, output: withVerbosity(given.output, values.verbosity) };
  const { clock, files } = context;
  const began = clock.monotonicMs();
  const secondsLeft = () =>
    values.timeBudget === undefined
      ? undefined
      : values.timeBudget - (clock.monotonicMs() - began) / 1000;
  const verbose = invocation.common.verbose || values.verbosity === "--verbose";
  const jobs = jobsOf({
    out,
    invocation: { ...invocation, common: { ...invocation.common, verbose } },
  });
  const stages = jobs.map((job) => sweepStage(job, out, secondsLeft));
  const whole = await wholeOnes(stages, context);
  const asked = values.python ?? await onPath(context, "python3") ?? "python3";
  const python = stages.some((stage) => stage.bundle !== undefined && !whole.includes(stage))
    ? await requireVllm(context, BATCH_RECIPE, [], asked)
    : undefined;
  const manifest = await openBatch(context, plan, python);
  context.output.note(
    `Sweeps to ${out}: ${jobs.length}` +
      (whole.length > 0 ? `, of which ${whole.length} had been done before` : ""),
  );
  const run = await runStages(context, stages, {
    out,
    // A sweep is given whole seconds.
    spent: () => (secondsLeft() ?? Infinity) < 1,
    async changed(records) {
      manifest.stages = [...records];
      // What the disk has no room for now is written at the end.
      await writeManifest(files, out, manifest).catch(() => {});
    },
  });
  manifest.stages = run.records;
  manifest.notes = notesOf(run.records, values.timeBudget);
  const { records } = run;
  const interrupted = context.signal.aborted &&
    records.some(({ status }) => status === undefined || status === "interrupted");
  const status = interrupted ? "interrupted" : statusOf(records);
  await closeCapture(files, out, manifest, { status, endedAt: clock.now() });
  const ended = jobs.map((job, place) => ({
    job,
    record: records[place]!,
    kept: run.kept.includes(job.name),
  }));
  // The table has the reasons.
  const silent = { ...context.output, warn: () => {}, error: () => {} };
  const outcome = outcomeOf({ ...context, output: silent }, out, manifest);
  const waiting = manifest.notes.at(-1)?.message;
  return {
    ...outcome,
    json: { ...outcome.json, sweeps: summaryJson(ended, out) },
    text: [summaryText(ended), ...isWaiting(records) ? [waiting] : []].join("\n"),
  };
}

async function wholeOnes(stages: readonly Stage[], context: RunContext): Promise<Stage[]> {
  const found: Stage[] = [];
  for (const stage of stages) if (await stage.done(context)) found.push(stage);
  return found;
}

/** The folder may hold sweeps already, of whoever; it must not hold a bundle of another recipe. */
async function openBatch(
  context: RunContext,
  plan: Plan<typeof sweepAllOptions>,
  python: PythonFacts | undefined,
): Promise<Manifest> {
  const { files } = context;
  const { out } = plan;
  const before = await readManifest(files, out);
  if (before && before.recipe !== BATCH_RECIPE) {
    throw new UsageError(
      `Cannot run sweep-all: "${out}" is a bundle of ${before.recipe}; give another folder with --out`,
    );
  }
  if (before) await reopenManifest(files, out);
  const fresh = await openManifest(context, BATCH_RECIPE, plan as unknown as Plan<Options>, python);
  const manifest = { ...fresh, stages: before?.stages ?? [] };
  try {
    await files.mkdir(`${out}/logs`, { recursive: true });
    await writeManifest(files, out, manifest);
  } catch (error) {
    throw new UsageError(
      `Cannot run sweep-all: "${out}" cannot be written (${
        messageOf(error)
      }); give another folder ` +
        "with --out",
    );
  }
  return manifest;
}

function isWaiting(records: readonly StageRecord[]): boolean {
  return records.some(({ status }) => status === undefined);
}

/** Complete where every sweep is; failed where none left anything. */
function statusOf(records: readonly StageRecord[]): BundleStatus {
  if (records.every(({ status }) => status === "complete")) return "complete";
  return records.some(({ status }) => status === "complete" || status === "partial")
    ? "partial"
    : "failed";
}

function notesOf(records: readonly StageRecord[], budget: number | undefined): Manifest["notes"] {
  const notes = records.flatMap(({ title, status, reason }): Manifest["notes"] => {
    if (status === undefined || status === "complete") return [];
    const what = `${title}: ${status}`;
    return [{
      severity: status === "failed" ? "error" : "warning",
      message: reason === undefined ? what : `${what}; ${reason}`,
    }];
  });
  if (!isWaiting(records)) return notes;
  const waiting = records.filter(({ status }) => status === undefined).length;
  const why = budget === undefined ? "" : `the time budget of ${budget} s is spent; `;
  return [...notes, {
    severity: "warning",
    message: `Sweeps that were not begun: ${waiting}; ${why}the same command goes on`,
  }];
}
