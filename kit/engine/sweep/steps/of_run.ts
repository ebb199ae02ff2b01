/**
 * The whole-model steps of a sweep's run: measured after its shots, compared when its tables are there.
 *
 * @module
 */

import { UsageError } from "../../../contract/errors.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import { denseOf } from "../../../sweep/predict/predictor.ts";
import { composePass } from "../../../sweep/predict/compose.ts";
import { STEP_MODES } from "../../../sweep/predict/launch.ts";
import {
  stepLayers,
  stepsFolder,
  stepsMeta,
  validateSteps,
} from "../../../sweep/validation/steps.ts";
import type { EngineFacts } from "../driver.ts";
import { note, settingsOf, type SweepState } from "../sweep_state.ts";
import { operatorsOf } from "../validation.ts";
import { layersOf, measureSteps, notRun, stepsAreThere, type StepsWork } from "./measure.ts";

/** The TP degree whose ranks one GPU can be, with all that a step consists of. */
const TP = 1;

/** Whether steps of the whole model are asked for. */
function wanted({ values }: SweepState): boolean {
  return values.validate > 0 && values.validateLayers !== 0;
}

/** Measures what is missing of them; what does not succeed is noted. */
export async function wholeSteps(
  run: SweepState,
  places: Pick<StepsWork, "model" | "work" | "python">,
  signal: AbortSignal,
): Promise<void> {
  const engine = run.engines.get(TP)?.facts;
  if (!wanted(run) || !engine || signal.aborted) return;
  await measureSteps({ ...run.context, signal }, {
    ...places,
    dir: run.dir,
    settings: settingsOf(run.settings, engine),
    engine,
    layers: run.values.validateLayers,
    invocation: run.invocation,
    force: run.values.force,
    failed: (message) => note(run, "warning", message),
  });
}

/**
 * The part `validation.steps` of `meta.yaml`: of every session that is there, whichever run measured it.
 * What was asked for and is not there makes the sweep unfinished.
 */
export async function stepsOf(
  run: SweepState,
  first: EngineFacts,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { context: { files }, dir } = run;
  const settings = settingsOf(run.settings, first);
  const operators = await operatorsOf(files, dir, TP);
  const modes: Record<string, unknown> = {};
  let layers: number | undefined;
  for (const mode of STEP_MODES) {
    const folder = `${dir}/${stepsFolder(mode)}`;
    const why = notRun(mode, first);
    const due = wanted(run) && why === undefined;
    if (
      due &&
      !await stepsAreThere(run.context, folder, stepLayers(settings, run.values.validateLayers))
    ) {
      run.unfinished = true;
    }
    const manifest = await readManifest(files, folder).catch(() => undefined);
    if (manifest?.status !== "complete" || !operators) continue;
    const blocks = layersOf(manifest) ?? stepLayers(settings, undefined);
    const { architecture, limits: { experts } } = settings;
    const shape = {
      architecture,
      blocks,
      expertRanks: 1,
      ...(experts ? { experts, ...denseOf(architecture, settings.model, blocks) } : {}),
    };
    try {
      const found = await validateSteps(files, dir, mode, {
        predict: (batch) => composePass(operators, shape, batch),
      });
      layers = blocks;
      modes[mode] = stepsMeta(found, blocks);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      note(run, "warning", error.message);
      run.unfinished = true;
    }
  }
  if (Object.keys(modes).length === 0) return undefined;
  for (const mode of STEP_MODES) {
    const why = notRun(mode, first);
    if (why !== undefined && !(mode in modes)) modes[mode] = { not_run: why };
  }
  return {
    compared:
      "steps of the whole model that vLLM's scheduler made, execute_model() and sampling, " +
      "against the sum over all layers",
    tp: TP,
    layers,
    modes,
  };
}
