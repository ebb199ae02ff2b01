/**
 * The plan of a sweep: what would be fired, for how long, and where it goes.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { aboutBytes } from "../../contract/quantities.ts";
import type { Invocation, Plan } from "../../contract/recipe.ts";
import { type PartPlan, partPlan, partText } from "../adaptive/part_plan.ts";
import { type CategoryGrid, distinctShots } from "../grids/categories.ts";
import type { sweepOptions, SweepValues } from "../options.ts";
import { aboutTime, advice } from "./advice.ts";
import { engineArguments } from "./engine_arguments.ts";
import { type Estimate, estimate } from "./estimate.ts";
import { keysCsv, keysJson, listing } from "./listing.ts";
import { STEP_MODES } from "../predict/launch.ts";
import { stepLayers, stepsFolder } from "../validation/steps.ts";
import { gridsOf, type SweepSettings, sweepSettings, type SweepSubject } from "./settings.ts";

/** What `perf/` is called where the hardware has no name yet. */
const UNNAMED = "HARDWARE";

/**
 * Makes the plan; `invocation.found` is the {@linkcode SweepSubject}. Pure.
 *
 * @throws {UsageError} where the options do not fit together, or not the model.
 */
export function planSweep(
  values: SweepValues,
  invocation: Invocation,
): Plan<typeof sweepOptions> {
  const settings = sweepSettings(values, invocation.found as SweepSubject);
  const { dryRun, out } = invocation.common;
  const onlyShown = dryRun || values.list !== undefined;
  if (settings.hardware === undefined && !onlyShown) {
    throw new UsageError(
      "Cannot run sweep: no hardware is given; give --hardware or HARDWARE, a name for the folder " +
        "below perf such as H200",
    );
  }
  const engines = settings.tpDegrees.map((tp) => ({
    tp,
    arguments: engineArguments(settings, tp),
  }));
  const folder = `perf/${settings.hardware ?? UNNAMED}/${settings.model.id}/${settings.variant}`;
  const target = under(invocation.cwd, out ?? folder);
  const plan = {
    values,
    invocation,
    out: target,
    processes: [],
    files: files(settings, values),
    permissions: [`write ${target}`, "run Python with vLLM, on one GPU or a CPU"],
    warnings: [],
    unknown: unknown(settings, values),
  };
  if (values.list !== undefined) {
    return { ...plan, answer: answer(gridsOf(settings, [values.list])[0]!, settings) };
  }
  const grids = gridsOf(settings);
  const guess = estimate(settings, grids, values.measurementIterations);
  const part = partPlan(values, grids, guess);
  return {
    ...plan,
    diskBytes: guess.diskBytes,
    seconds: secondsOf(guess, values) + stepSeconds(settings, values),
    notes: advice(settings, grids, guess, values),
    details: {
      json: {
        ...document(settings, grids, guess, engines),
        ...(part ? { adaptive: part } : {}),
        ...(values.validate > 0 ? { validation: validation(settings, values) } : {}),
      },
      text: details(settings, grids, guess, part),
    },
  };
}

function answer(grid: CategoryGrid, { architecture }: SweepSettings) {
  const listed = listing(grid, architecture);
  return { json: keysJson(listed), text: keysCsv(listed, grid) };
}

function under(cwd: string, path: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}

/** What `--validate` adds. */
function validation(settings: SweepSettings, { validate, validateLayers }: SweepValues) {
  const layers = stepLayers(settings, validateLayers);
  return {
    batches: validate,
    ...(layers > 0 ? { whole_steps: { layers, modes: STEP_MODES } } : {}),
  };
}

/** vLLM's start with all layers, compiled or not, and the load. */
const STEP_SECONDS = 180;

/** With a budget no more than that for shots. */
function secondsOf({ seconds, secondsByCategory }: Estimate, { budget }: SweepValues): number {
  const shots = Object.values(secondsByCategory).reduce((sum, value) => sum + value, 0);
  return budget === undefined
    ? seconds
    : 60 * Math.ceil((seconds - Math.max(0, shots - budget)) / 60);
}

function stepSeconds(settings: SweepSettings, { validate, validateLayers }: SweepValues): number {
  const runs = validate > 0 && stepLayers(settings, validateLayers) > 0;
  return runs ? STEP_SECONDS * STEP_MODES.length : 0;
}

function files(
  settings: SweepSettings,
  { validate, validateLayers }: SweepValues,
): { path: string; why: string }[] {
  const found = [
    { path: "bundle.json", why: "what ran" },
    { path: "meta.yaml", why: "the same for LLMServingSim, and the fit" },
  ];
  for (const tp of settings.tpDegrees) {
    for (const name of settings.categories) {
      if (name === "moe" && tp !== 1) continue;
      found.push({ path: `tp${tp}/${name}.csv`, why: `times of ${name} at TP degree ${tp}` });
      if (name === "skew") found.push({ path: `tp${tp}/skew_fit.csv`, why: "alpha by bucket" });
    }
    if (validate > 0) {
      found.push({ path: `tp${tp}/validation.csv`, why: "held-out batches and their predictions" });
    }
  }
  if (validate > 0 && stepLayers(settings, validateLayers) > 0) {
    found.push(...STEP_MODES.map((mode) => ({
      path: `${stepsFolder(mode)}/`,
      why: mode === "eager"
        ? "a session of the whole model without CUDA graphs"
        : "the same with torch.compile and CUDA graphs, on a GPU",
    })));
  }
  return found;
}

function unknown(settings: SweepSettings, values: SweepValues): string[] {
  const found: string[] = [];
  if (settings.limits.numCacheTokens === undefined) {
    found.push(
      "How many tokens the KV cache will hold: batches that do not fit will be left out " +
        "(--assume-cache-tokens counts them)",
    );
  }
  if (values.assumeMaxModelLen === undefined) {
    found.push(
      `Whether vLLM takes ${settings.limits.maxModelLen} tokens, which the model's config says, as ` +
        "the longest request",
    );
  }
  if (settings.hardware === undefined) found.push(`The hardware's name: ${UNNAMED} stands for it`);
  found.push("Whether the vLLM at hand takes these types of weights and KV cache");
  return found;
}

function document(
  settings: SweepSettings,
  grids: readonly CategoryGrid[],
  guess: Estimate,
  engines: readonly unknown[],
): Record<string, unknown> {
  const { limits } = settings;
  return {
    model: settings.model.id,
    model_config: settings.model.from,
    architecture: settings.architecture.name,
    hardware: settings.hardware ?? null,
    variant: settings.variant,
    tp: settings.tpDegrees,
    limits: {
      max_num_batched_tokens: limits.maxNumBatchedTokens,
      max_num_seqs: limits.maxNumSeqs,
      max_model_len: limits.maxModelLen,
      num_cache_tokens: limits.numCacheTokens ?? null,
    },
    categories: Object.fromEntries(grids.map(({ category, keys, shots, skipped }) => [
      category.name,
      category.name === "skew"
        ? { cases: keys.length, shots, skipped }
        : { keys: keys.length, skipped },
    ])),
    distinct_shots: distinctShots(grids),
    estimate: {
      seconds: guess.seconds,
      disk_bytes: guess.diskBytes,
      seconds_by_category: guess.secondsByCategory,
      saved_seconds: guess.savedByCoarse,
      saved_by_factor: guess.coarseFactor,
    },
    engines,
  };
}

function details(
  settings: SweepSettings,
  grids: readonly CategoryGrid[],
  guess: Estimate,
  part: PartPlan | undefined,
): string[] {
  const { model, limits, tpDegrees } = settings;
  const lines = [
    `Model: ${model.id} (${settings.architecture.name}, config from ${model.from})`,
    `Variant: ${settings.variant}; TP degrees: ${tpDegrees.join(", ")}`,
    `Limits: ${limits.maxNumBatchedTokens} tokens and ${limits.maxNumSeqs} requests in a batch, ` +
    `${limits.maxModelLen} tokens in a request, ` +
    (limits.numCacheTokens === undefined
      ? "a KV cache of unknown size"
      : `${limits.numCacheTokens} tokens in the KV cache`),
    "",
    "For each TP degree (moe at TP degree 1 only):",
  ];
  for (const { category, keys, shots, newShots, skipped } of grids) {
    const what = category.name === "skew" ? `${keys.length} cases, ${shots} shots` : keys.length;
    lines.push(
      `  ${category.name.padEnd(13)}${what}; ${newShots} forward passes that none before it has; ` +
        `${aboutTime(guess.secondsByCategory[category.name]!)}${
          tpDegrees.length > 1 && category.name !== "moe" ? " at all TP degrees" : ""
        }`,
      ...skipped.map(({ reason, count }) => `    left out ${count}: ${reason}`),
    );
  }
  lines.push(
    `  different forward passes: ${distinctShots(grids)}`,
    ...(part ? [partText(part, distinctShots(grids))] : []),
    `  ${aboutBytes(guess.diskBytes)}`,
  );
  return lines;
}
