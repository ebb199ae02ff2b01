/**
 * `vscope sweep-all`: one sweep after the other, and what became of each.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import type { Outcome, Plan } from "../../../contract/recipe.ts";
import { closeCapture } from "../../../bundle/capture_bundle.ts";
import { writeManifest } from "../../../bundle/manifest_file.ts";
import type { sweepAllOptions } from "../../../sweep/batch/options.ts";
import { jobsOf } from "../../../sweep/batch/plan.ts";
import { withVerbosity } from "../../../sweep/verbosity.ts";
import { runStages } from "../../automation/run_stages.ts";
import type { Stage } from "../../automation/stage.ts";
import { outcomeOf } from "../../outcome.ts";
import { onPath } from "../../python/python_of.ts";
import { requireVllm } from "../../python/require_vllm.ts";
import { BATCH_RECIPE, isWaiting, notesOf, openBatch, statusOf } from "./batch_bundle.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { sweepStage } from "./sweep_stage.ts";

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
