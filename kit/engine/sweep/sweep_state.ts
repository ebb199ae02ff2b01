/**
 * What is known of a sweep while it is measured and when it is closed.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Invocation } from "../../contract/recipe.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import type { GpuConditions } from "../../sweep/measure/gpu_conditions.ts";
import type { Journal } from "../../sweep/measure/journal.ts";
import { type NeededShot, neededShots } from "../../sweep/measure/needed.ts";
import { layerDefinitions, layersAt, SweepTimes } from "../../sweep/measure/times.ts";
import type { SweepValues } from "../../sweep/options.ts";
import { gridsOf, type SweepSettings } from "../../sweep/plan/settings.ts";
import type { EngineFacts, FailedShot } from "./driver.ts";
import { neededForValidation } from "./validation.ts";

/** An engine that measured a TP degree, or would have. */
export interface DegreeEngine {
  readonly facts: EngineFacts;
  readonly failed: readonly FailedShot[];
}

/** A sweep. */
export interface SweepState {
  readonly context: RunContext;
  readonly dir: string;
  readonly values: SweepValues;
  readonly settings: SweepSettings;
  readonly manifest: Manifest;
  readonly invocation: Invocation;
  journal: Journal;
  /** By TP degree. */
  readonly engines: Map<number, DegreeEngine>;
  /** Whether something is left to be measured. */
  unfinished: boolean;
}

/** What the manifest keeps of an engine. */
export function engineRecord(facts: EngineFacts): Record<string, unknown> {
  const { runner, timer, block_size, num_gpu_blocks, num_cache_tokens, max_model_len } = facts;
  return {
    runner,
    device_type: facts.device_type,
    timer,
    block_size,
    num_gpu_blocks,
    num_cache_tokens,
    max_model_len,
    modules: facts.modules,
    missing: facts.missing,
    arguments: facts.arguments,
  };
}

/** An engine of an earlier run, with what was seen of its GPU. */
export type KeptEngine = EngineFacts & { readonly conditions?: GpuConditions };

/** The engine of an earlier run, as a manifest kept it; undefined where it is not whole. */
export function keptEngine(
  manifest: Pick<Manifest, "engine"> | undefined,
  tp: number,
): KeptEngine | undefined {
  const record = manifest?.engine[`tp${tp}`] as Partial<KeptEngine> | undefined;
  const numbers = [record?.block_size, record?.num_cache_tokens, record?.max_model_len];
  return record && numbers.every(Number.isSafeInteger) && Array.isArray(record.missing) &&
      typeof record.arguments === "object"
    ? record as KeptEngine
    : undefined;
}

/** Settings with the limits of an engine. */
export function settingsOf(settings: SweepSettings, facts: EngineFacts): SweepSettings {
  return {
    ...settings,
    limits: {
      ...settings.limits,
      maxModelLen: facts.max_model_len,
      numCacheTokens: facts.num_cache_tokens,
      blockTokens: facts.block_size,
    },
  };
}

/** Shots that the journal lacks. */
export function missing(
  run: Pick<SweepState, "settings" | "journal" | "values">,
  tp: number,
  facts: EngineFacts,
): NeededShot[] {
  const settings = settingsOf(run.settings, facts);
  const { architecture } = settings;
  const categories = settings.categories
    .filter((category) => layersAt(architecture, category, tp).length > 0);
  const times = new SweepTimes(run.journal, layerDefinitions(architecture));
  const { measurementIterations: iterations, validate } = run.values;
  const absent = new Set(facts.missing);
  return [
    ...neededShots(gridsOf(settings, categories), architecture, tp, times, iterations, absent),
    ...neededForValidation(settings, validate, tp, times, iterations, absent),
  ];
}

/** Something that a reader of the bundle has to know. */
export function note(
  { manifest }: Pick<SweepState, "manifest">,
  severity: "info" | "warning" | "error",
  message: string,
): void {
  manifest.notes.push({ severity, message });
}
