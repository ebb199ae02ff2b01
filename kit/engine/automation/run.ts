/**
 * A run of the automation: from the look at the machine to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { makeBundleFolder } from "../../bundle/bundle_folder.ts";
import { closeCapture } from "../../bundle/capture_bundle.ts";
import type { BundleStatus, Manifest, StageRecord } from "../../bundle/manifest.ts";
import { readManifest, writeManifest } from "../../bundle/manifest_file.ts";
import { giveUpReserve, keepReserve } from "../../bundle/files/reserve.ts";
import { findFreePort, requireFreePort } from "../system/free_port.ts";
import { openManifest, reopenManifest } from "../open_manifest.ts";
import { outcomeOf } from "../outcome.ts";
import { onPath, type PythonFacts } from "../python/python_of.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { readPrompts } from "../load/prompts_file.ts";
import { unsecretArgv } from "../../bundle/unsecret.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { readModel } from "./model.ts";
import type { AutomationValues } from "./options.ts";
import { readAutomation, stagesOf } from "./plan.ts";
import { runStages, type StagesRun } from "./run_stages.ts";
import { argumentsFor } from "./serve.ts";
import type { Automation, Stage } from "./stage.ts";
import type { WritePage } from "./stages/report.ts";

/** What follows `--`, among the values of the contract. */
const ARGUMENTS = "vllm-arguments";

/** Options that may differ when a run goes on: nothing that is recorded depends on them. */
const FREE = ["resume", "report", "output-dir", "start-timeout", "stop-timeout", "grace"];

/**
 * Runs the stages that are not done yet, and closes the bundle however that ended.
 *
 * @param writePage Writes the page of a bundle.
 * @throws {UsageError} when something is missing that a stage needs, or the folder holds another run.
 */
export async function runAutomation<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: AutomationValues },
  recipe: string,
  writePage: WritePage,
): Promise<Outcome> {
  const { values, invocation, out } = plan;
  const earlier = await earlierRun(context, recipe, plan);
  const model = await readModel(context, values.model!);
  const more = argumentsFor(recipe, values, invocation.command, model);
  if (more.length > 0) {
    context.output.note(`${values.model} has no tokenizer: vLLM is told ${more.join(" ")}`);
  }
  const automation = readAutomation(recipe, values, invocation, findFreePort(), more);
  const stages = stagesOf(automation, writePage);
  const python = await lookAround(context, automation, stages);

  const manifest = earlier ? await reopenManifest(context.files, out) : await begin(
    context,
    {
      ...plan,
      processes: [{ name: "vllm", argv: automation.serve, env: {} }],
    } as unknown as Plan<Options>,
    recipe,
    python,
  );
  await keepReserve(context.files, out);
  manifest.notes = [];
  manifest.engine["model"] = values.model;
  await context.files.mkdir(`${out}/logs`, { recursive: true });
  context.output.note(earlier ? `Going on with ${out}` : `Working in ${out}`);
  const run = await runStages(context, stages, {
    out,
    async changed(records) {
      manifest.stages = [...records];
      // What the disk has no room for now is written at the end.
      await writeManifest(context.files, out, manifest).catch(() => {});
    },
  });
  return await close(context, manifest, { automation, run, writePage });
}

/** The run that the folder holds, if one may go on with it. */
async function earlierRun(
  context: RunContext,
  recipe: string,
  { out, values, invocation }: Plan<Options> & { values: AutomationValues },
): Promise<Manifest | undefined> {
  const found = await readManifest(context.files, out);
  if (found?.stages === undefined && found?.recipe !== recipe) {
    if (!values.resume) return undefined;
    throw new UsageError(
      `Cannot go on with "${out}": it holds no run of ${recipe}; give the folder of one with --out, or ` +
        "leave out --resume",
    );
  }
  const fail = (what: string) => {
    throw new UsageError(
      `Cannot go on with "${out}": ${what}; give the options that it was begun with, or another --out`,
    );
  };
  if (found.recipe !== recipe) fail(`it is a run of ${found.recipe}, and this is ${recipe}`);
  const now = invocation.contract;
  for (const name of Object.keys(now).filter((name) => !FREE.includes(name))) {
    const [before, after] = [found.contract[name]?.value, now[name]!.value].map((value) =>
      JSON.stringify(value)
    );
    if (before !== after) {
      fail(`it was begun with --${name} ${before ?? "unset"}, and now that is ${after ?? "unset"}`);
    }
  }
  const [before, after] = [found.contract[ARGUMENTS]?.value, unsecretArgv(invocation.command)].map((
    value,
  ) => JSON.stringify(value));
  if (before !== after) fail(`vLLM was given ${before}, and is now given ${after}`);
  return found;
}

/** Looks whether all is there that the stages need which are still to be done. */
async function lookAround(
  context: RunContext,
  automation: Automation,
  stages: readonly Stage[],
): Promise<PythonFacts | undefined> {
  const { recipe, serve, values } = automation;
  const open: Stage[] = [];
  for (const stage of stages) if (!await stage.done(context)) open.push(stage);
  for (const { check } of open) await check?.(context);
  if (!open.some(({ startsEngine }) => startsEngine)) return undefined;
  if (!await onPath(context, serve[0]!)) {
    throw new UsageError(
      `Cannot run ${recipe}: there is no program "${
        serve[0]
      }"; activate the environment of your vLLM, ` +
        "or name its Python with --python",
    );
  }
  const { host = "127.0.0.1", port = NaN } = readVllmCommand(serve);
  requireFreePort(recipe, host, port);
  if (values.prompts !== undefined) {
    await readPrompts(context.files, values.prompts, values.outputTokens);
  }
  return await requireVllm(context, recipe, serve, values.python);
}

/** Makes the bundle. */
async function begin(
  context: RunContext,
  plan: Plan<Options>,
  recipe: string,
  python: PythonFacts | undefined,
): Promise<Manifest> {
  const { files } = context;
  const manifest = await openManifest(context, recipe, plan, python);
  manifest.contract[ARGUMENTS] = {
    value: unsecretArgv(plan.invocation.command),
    source: plan.invocation.command.length > 0 ? "flag" : "default",
  };
  manifest.stages = [];
  await makeBundleFolder(files, plan.out, "a run", "--out", async () => {
    await writeManifest(files, plan.out, manifest);
  });
  return manifest;
}

/** Closes the bundle, and writes its page. */
async function close(
  context: RunContext,
  manifest: Manifest,
  { automation: { out, values }, run, writePage }: {
    automation: Automation;
    run: StagesRun;
    writePage: WritePage;
  },
): Promise<Outcome> {
  const { files, output } = context;
  const { records, kept, journalFailure } = run;
  manifest.stages = records;
  manifest.notes.push(...notesOf(records));
  if (journalFailure !== undefined) {
    manifest.notes.push({
      severity: "warning",
      message: `The journal could not be written (${journalFailure}): a second run would know less`,
    });
  }
  await giveUpReserve(files, out);
  const interrupted = context.signal.aborted && records.some(isOpen);
  const status = interrupted ? "interrupted" : statusOf(records);
  await closeCapture(files, out, manifest, { status, endedAt: context.clock.now() });
  let page: Awaited<ReturnType<WritePage>> | undefined;
  if (values.report) {
    output.progress("Page of the run");
    try {
      page = await writePage(out);
    } catch (error) {
      const own = error instanceof RunError || error instanceof UsageError;
      const message = own ? messageOf(error) : `The page could not be made: ${messageOf(error)}`;
      manifest.notes.push({ severity: "error", message });
      await closeCapture(files, out, manifest, { status, endedAt: context.clock.now() });
    }
  }
  const outcome = outcomeOf(context, out, manifest);
  if (page) output.note(`Open in a browser: ${page.path}`);
  return {
    ...outcome,
    json: {
      ...outcome.json,
      stages: records,
      kept,
      ...(page ? { report: page.path, findings: page.findings.length } : {}),
    },
    text: page?.path ?? out,
  };
}

const isOpen = ({ status }: StageRecord) => status === undefined || status === "interrupted";

/** Complete where every stage is that was needed; failed where none left anything. */
function statusOf(records: readonly StageRecord[]): BundleStatus {
  const work = records.filter(({ name, status }) => name !== "report" && status !== "unneeded");
  const all = records.filter(({ status }) => status !== "unneeded");
  if (all.every(({ status }) => status === "complete")) return "complete";
  return work.some(({ status }) => status === "complete" || status === "partial")
    ? "partial"
    : "failed";
}

/** What went wrong, stage by stage. */
function notesOf(records: readonly StageRecord[]): Manifest["notes"] {
  return records.flatMap(({ name, status, reason }): Manifest["notes"] => {
    if (status === undefined || status === "complete" || status === "unneeded") return [];
    const what = `Stage ${name}: ${status}`;
    return [{
      severity: status === "interrupted" ? "warning" : "error",
      message: reason === undefined ? what : `${what}; ${reason}`,
    }];
  });
}
