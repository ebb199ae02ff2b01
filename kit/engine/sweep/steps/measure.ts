/**
 * Steps of the whole model for a sweep's validation: a monitored session each, eager and with CUDA graphs.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import type { Options } from "../../../contract/option.ts";
import type { Invocation, Plan } from "../../../contract/recipe.ts";
import { resolve } from "../../../contract/resolve.ts";
import type { Manifest } from "../../../bundle/manifest.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import { part } from "../../../sweep/sweep_folder.ts";
import { STEP_MODES, type StepMode } from "../../../sweep/predict/launch.ts";
import {
  LAPS,
  longestOf,
  stepLayers,
  stepsFolder,
  stepWaves,
} from "../../../sweep/validation/steps.ts";
import { firstLayers } from "../../../sweep/model/layer_kinds.ts";
import type { SweepSettings } from "../../../sweep/plan/settings.ts";
import { runMonitored } from "../../session/monitored_run.ts";
import type { PythonFacts } from "../../python/python_of.ts";
import { writeRunner } from "../../python/runners.ts";
import { sessionOptions } from "../../session/session_options.ts";
import { planSession } from "../../session/session_plan.ts";
import type { EngineFacts } from "../driver.ts";

/** What is asked for. */
export interface StepsWork {
  /** The sweep's folder. */
  readonly dir: string;
  /** A folder for scripts; removed by the caller. */
  readonly work: string;
  /** The folder with the model's config.json. */
  readonly model: string;
  readonly python: PythonFacts & { readonly executable: string };
  /** With the limits of the engine of TP degree 1. */
  readonly settings: SweepSettings;
  readonly engine: EngineFacts;
  /** Transformer layers, where not all of the model's. */
  readonly layers?: number | undefined;
  readonly invocation: Invocation;
  /** Measure again what is there. */
  readonly force: boolean;
  /** Told of a session that did not become whole. */
  failed(message: string): void;
}

const SEED = 11;
/** Graphs too: what launching takes depends on what was replayed. */
const PROFILERS = [
  "forward_pass",
  "batch_utilization",
  "request_lifecycle",
  "cuda_graph",
] as const;

/** Why a mode is not run; undefined where it is. */
export function notRun(
  mode: StepMode,
  { device_type, timer }: Pick<EngineFacts, "device_type" | "timer">,
): string | undefined {
  // What an earlier run kept of its engine may lack the device.
  const onCpu = (device_type ?? timer) === "cpu";
  return mode === "graphs" && onCpu ? "a CPU has no CUDA graphs" : undefined;
}

/** Runs the sessions that are not there yet, one after the other. */
export async function measureSteps(context: RunContext, work: StepsWork): Promise<void> {
  const { dir, settings, engine } = work;
  const layers = stepLayers(settings, work.layers);
  for (const mode of STEP_MODES) {
    if (notRun(mode, engine) !== undefined) continue;
    const out = `${dir}/${stepsFolder(mode)}`;
    if (!work.force && await stepsAreThere(context, out, layers)) {
      context.output.note(`Steps of the whole model, ${mode}: everything is there`);
      continue;
    }
    if (context.signal.aborted) return;
    await context.files.remove(out, { recursive: true }).catch(() => {});
    context.output.note(`Steps of the whole model, ${mode}: ${layers} layers`);
    const status = await record(context, work, mode, out, layers);
    if (status === "complete") continue;
    // Cut off by the time budget or Ctrl-C, which the sweep tells itself.
    if (context.signal.aborted) return;
    const reason = (await readManifest(context.files, out).catch(() => undefined))?.notes
      .find(({ severity }) => severity === "error")?.message;
    work.failed(
      `Steps of the whole model, ${mode}, were not measured` +
        (reason === undefined ? "" : ` (${reason}; see ${stepsFolder(mode)}/logs)`) +
        "; where its layers do not fit, give --validate-layers",
    );
  }
}

/** Whether a session is whole, and of a model with so many layers. Needs read permission. */
export async function stepsAreThere(
  { files }: Pick<RunContext, "files">,
  out: string,
  layers: number,
): Promise<boolean> {
  const manifest = await readManifest(files, out).catch(() => undefined);
  return manifest?.status === "complete" && layersOf(manifest) === layers;
}

/** Transformer layers of a session's model; undefined where it does not tell. */
export function layersOf({ engine }: Manifest): number | undefined {
  const found = part(engine, "model_config")["num_hidden_layers"];
  return typeof found === "number" ? found : undefined;
}

async function record(
  context: RunContext,
  work: StepsWork,
  mode: StepMode,
  out: string,
  layers: number,
): Promise<string> {
  const script = `${work.work}/load.py`;
  await writeRunner(context.files, "sweep/steps/load.py", script);
  const { values: defaults, contract } = resolve("monitor", sessionOptions, {});
  const values = { ...defaults, profilers: PROFILERS };
  const { common } = work.invocation;
  const invocation = {
    ...work.invocation,
    contract,
    startedAt: context.clock.now(),
    common: { ...common, out },
  };
  const asked = {
    engine: stepEngine(work, mode, layers),
    waves: stepWaves(work.settings.limits, work.settings.density),
    laps: LAPS,
    seed: SEED,
  };
  const plan = planSession<typeof sessionOptions>(values, invocation, {
    argv: [work.python.executable, script, JSON.stringify(asked)],
    env: { HF_HUB_OFFLINE: "1", PYTHONUNBUFFERED: "1" },
  });
  const { status } = await runMonitored(context, {
    recipe: "monitor",
    plan: plan as unknown as Plan<Options>,
    values,
    python: work.python,
    echo: false,
  });
  return status;
}

/** Arguments of the engine of a sweep, for the whole model as vLLM would run it. */
function stepEngine(
  { model, settings, engine }: StepsWork,
  mode: StepMode,
  layers: number,
): Readonly<Record<string, unknown>> {
  const {
    // Batches go through vLLM's scheduler here, as they usually do.
    async_scheduling: _,
    ...shared
  } = engine.arguments;
  const { limits, density } = settings;
  return {
    ...shared,
    model,
    enforce_eager: mode === "eager",
    max_num_batched_tokens: limits.maxNumBatchedTokens,
    max_model_len: longestOf(stepWaves(limits, density)) + 1,
    hf_overrides: firstLayers(settings.model, layers, part(shared, "hf_overrides")),
  };
}
