/**
 * The plan of the automation: its stages, and what they start, leave and need.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Invocation, Plan, PlannedStage } from "../../contract/recipe.ts";
import { captureFolder } from "../capture_run.ts";
import { absolute } from "../session/session_plan.ts";
import type { AutomationValues } from "./options.ts";
import { JOURNAL_NAME } from "./run_stages.ts";
import { choosesPort, serveArgv } from "./serve.ts";
import type { Automation, Stage } from "./stage.ts";
import { moeStage } from "./stages/moe.ts";
import { ncuStages } from "./stages/ncu.ts";
import { nsysStages } from "./stages/nsys.ts";
import { reportStage, type WritePage } from "./stages/report.ts";

/**
 * Reads what a command line asks for.
 *
 * @param port Of the server; 0 while it is not known.
 * @param more Arguments of vLLM besides those of the person.
 * @throws {UsageError} when options contradict each other.
 */
export function readAutomation(
  recipe: string,
  values: AutomationValues,
  invocation: Invocation,
  port = 0,
  more: readonly string[] = [],
): Automation {
  const { mode, withNcu, moe, outputDir } = values;
  const { common, cwd, command } = invocation;
  const fail = (message: string) => {
    throw new UsageError(`Cannot run ${recipe}: ${message}`);
  };
  if (mode === "moe" && withNcu) fail("--mode moe measures no kernels; leave out --with-ncu");
  if (mode === "moe" && moe === false) fail("--mode moe is of the experts; leave out --no-moe");
  const unused = (["kernels", "category", "ncu"] as const).find((name) =>
    values[name] !== undefined
  );
  if (unused !== undefined && !withNcu) {
    fail(`--${unused} is for --with-ncu; add that, or leave it out`);
  }
  if (outputDir !== undefined && common.out !== undefined && common.out !== outputDir) {
    fail(`--output-dir is "${outputDir}" and --out "${common.out}"; give one of them`);
  }
  if (values.resume && outputDir === undefined && common.out === undefined) {
    fail("--resume needs the folder of the run; give it with --out");
  }
  const chosen = outputDir === undefined ? invocation : {
    ...invocation,
    common: { ...common, out: absolute(outputDir, cwd) },
  };
  return {
    recipe,
    values,
    invocation: chosen,
    out: captureFolder(recipe, chosen),
    serve: serveArgv(recipe, values, [...more, ...command], port),
  };
}

/** The stages, in their order. */
export function stagesOf(automation: Automation, writePage?: WritePage): Stage[] {
  const { mode, moe, report, withNcu } = automation.values;
  const work = [
    ...(mode === "moe" ? [] : nsysStages(automation)),
    ...(withNcu ? ncuStages(automation) : []),
    ...(mode === "moe" || moe === true || (mode === "full" && moe !== false)
      ? [moeStage(automation)]
      : []),
  ];
  const folders = new Set(work.flatMap(({ bundle }) => bundle === undefined ? [] : [bundle]));
  return [...work, ...(report ? [reportStage(automation, [...folders], writePage)] : [])];
}

/** Plans a run: nothing is looked at. */
export function planAutomation<O extends Options>(
  recipe: string,
  values: Plan<O>["values"] & AutomationValues,
  invocation: Invocation,
): Plan<O> {
  const automation = readAutomation(recipe, values, invocation);
  const stages = stagesOf(automation);
  const plans = stages.flatMap(({ plan }) => plan ?? []);
  const all = (
    pick: (plan: Plan<Options>) => readonly string[],
  ) => [...new Set(plans.flatMap(pick))];
  const sum = (pick: (stage: Stage) => number) =>
    stages.reduce((total, stage) => total + pick(stage), 0);
  return {
    values,
    invocation: automation.invocation,
    out: automation.out,
    processes: stages.flatMap(({ processes }) => processes),
    files: [
      { path: "bundle.json", why: "what ran, how each stage ended, all files" },
      { path: JOURNAL_NAME, why: "when each stage began and ended: a run goes on from it" },
      { path: "logs/", why: "what vscope said, a file a stage" },
      ...stages.flatMap(({ files }) => files),
    ],
    seconds: sum(({ seconds }) => seconds),
    diskBytes: sum(({ diskBytes }) => diskBytes),
    permissions: all(({ permissions }) => permissions),
    warnings: all(({ warnings }) => warnings),
    notes: [
      ...all(({ notes = [] }) => notes),
      "Run the same command again with the same --out to go on with a run that was cut off",
    ],
    unknown: [
      ...all(({ unknown }) => unknown),
      "how long vLLM takes to start with this model; the times are those of a small one",
      ...(choosesPort(invocation.command)
        ? ["the port: a free one is found when the server starts"]
        : []),
      "whether a model's folder has a tokenizer; without one vLLM is told --skip-tokenizer-init",
    ],
    stages: stages.map(plannedStage),
  };
}

function plannedStage(stage: Stage): PlannedStage {
  const { name, title, seconds, diskBytes, needs, processes, files, condition } = stage;
  return {
    name,
    title,
    seconds,
    diskBytes,
    needs,
    processes: processes.map(({ name }) => name),
    files: files.map(({ path }) => path),
    ...(condition === undefined ? {} : { condition }),
  };
}
