/**
 * What a sweep is to do, checked: options, the model, and what follows from both.
 *
 * @module
 */

import { messageOf, UsageError } from "../../contract/errors.ts";
import { flagOf } from "../../contract/option.ts";
import { FactorError } from "../grids/axes.ts";
import { CATEGORY_NAMES, type CategoryGrid, sweepGrids } from "../grids/categories.ts";
import type { Density, Limits } from "../grids/limits.ts";
import { type Architecture, findArchitecture } from "../model/architecture.ts";
import { type Types, typesOf } from "../model/dtypes.ts";
import { findModel, type ModelSearch } from "../model/find_model.ts";
import type { ModelConfig } from "../model/model_config.ts";
import type { SweepValues } from "../options.ts";

/** What was looked up before the plan. */
export interface SweepSubject {
  readonly model: ModelConfig;
  readonly architecture: Architecture;
}

/** A sweep, checked. */
export interface SweepSettings extends SweepSubject {
  readonly hardware?: string;
  /** In the order given, each once. */
  readonly tpDegrees: readonly number[];
  readonly limits: Limits;
  readonly density: Density;
  /** Categories that are measured at TP degree 1. */
  readonly categories: readonly string[];
  readonly types: Types;
  readonly variant: string;
}

const FACTORS = [
  ["attentionChunkFactor", "ATTENTION_CHUNK_FACTOR"],
  ["attentionKvFactor", "ATTENTION_KV_FACTOR"],
  ["moeFactor", "MOE_FACTOR"],
  ["skewNFactor", "SKEW_N_FACTOR"],
  ["skewPcFactor", "SKEW_PC_FACTOR"],
  ["skewKpFactor", "SKEW_KP_FACTOR"],
  ["skewKvsFactor", "SKEW_KVS_FACTOR"],
] as const;

/**
 * Checks what can be checked without the model.
 *
 * @throws {UsageError} for the first value that cannot be.
 */
function checkSweepValues(values: SweepValues): void {
  if (values.model === undefined) {
    throw new UsageError(
      "Cannot run sweep: no model is given; give --model or MODEL, such as Qwen/Qwen3-0.6B",
    );
  }
  // A category may be measured anew at one degree of a sweep that has 1 already.
  const isRefresh = values.force && values.only !== undefined;
  if (!values.tpDegrees.includes(1) && !isRefresh) throw lacksFirstDegree(values.tpDegrees);
  for (const [name, variable] of FACTORS) {
    if (!(values[name] > 1)) {
      throw new UsageError(
        `Cannot run sweep: ${variable} is ${values[name]}; give a number above 1, such as 2`,
      );
    }
  }
  if (values.skipSkew && values.onlySkew) {
    throw new UsageError(
      "Cannot run sweep: SKIP_SKEW and ONLY_SKEW are both set, which leaves nothing; give one",
    );
  }
  if (values.only && (values.onlySkew || (values.skipSkew && values.only.includes("skew")))) {
    throw new UsageError(
      "Cannot run sweep: --only says something else than SKIP_SKEW or ONLY_SKEW; give one of them",
    );
  }
  folderName("HARDWARE", values.hardware);
  folderName("VARIANT", values.variant);
}

/** What TP degrees without 1 are refused with. */
export function lacksFirstDegree(tpDegrees: readonly number[]): UsageError {
  const degrees = tpDegrees.join(",");
  return new UsageError(
    `Cannot run sweep: TP degrees "${degrees}" must include 1, where layers are measured that ` +
      `are the same at every degree; give --tp-degrees 1,${degrees}`,
  );
}

function folderName(variable: string, value: string | undefined): void {
  if (value !== undefined && !/^(?!\.)[\w.+-]+$/.test(value)) {
    throw new UsageError(
      `Cannot run sweep: ${variable} is "${value}", which is to name a folder; ` +
        "give letters, digits, dots, dashes",
    );
  }
}

/**
 * Finds the model and its architecture. Needs read permission, and see {@linkcode findModel}.
 *
 * @throws {UsageError} where a value cannot be, or there is no such model.
 */
export async function lookForSubject(
  values: SweepValues,
  search: ModelSearch,
): Promise<SweepSubject> {
  checkSweepValues(values);
  const model = await findModel(search, values.model!, values.hfToken);
  return {
    model,
    architecture: await findArchitecture(search.files, search.cwd, model.modelType),
  };
}

/**
 * The sweep that the options mean for this model. Pure.
 *
 * @throws {UsageError} where they do not fit the model.
 */
export function sweepSettings(values: SweepValues, subject: SweepSubject): SweepSettings {
  checkSweepValues(values);
  const { model } = subject;
  const architecture = withoutExperts(subject);
  const hasExperts = Object.keys(architecture.catalog.moe).length > 0;
  if (hasExperts && !model.experts) {
    throw new UsageError(
      `Cannot run sweep: the config of ${model.id} (${model.from}) tells no number of experts; ` +
        "it needs num_experts and num_experts_per_tok",
    );
  }
  if (!hasExperts && (values.only?.includes("moe") || values.list === "moe")) {
    throw new UsageError(
      `Cannot run sweep: ${model.id} has no experts; leave out the category moe`,
    );
  }
  const types = typesOf(values.dtype, values.kvCacheDtype, model.dtype);
  const wanted = values.only ??
    CATEGORY_NAMES.filter((name) => name === "skew" ? !values.skipSkew : !values.onlySkew);
  return {
    model,
    architecture,
    ...(values.hardware === undefined ? {} : { hardware: values.hardware }),
    tpDegrees: [...new Set(values.tpDegrees)],
    limits: {
      maxNumBatchedTokens: values.maxNumBatchedTokens,
      maxNumSeqs: values.maxNumSeqs,
      maxModelLen: values.assumeMaxModelLen ?? model.maxModelLen,
      numCacheTokens: values.assumeCacheTokens,
      experts: hasExperts ? model.experts : undefined,
    },
    density: values,
    categories: wanted.filter((name) => name !== "moe" || hasExperts),
    types,
    variant: values.variant ?? types.variant,
  };
}

/** Of a family whose members may have no experts the architecture of one that says so. */
function withoutExperts({ model: { config }, architecture }: SweepSubject): Architecture {
  const none = ["num_local_experts", "num_experts"].some((name) => config[name] === 0) &&
    (architecture.sequence["mlp_dense"] ?? []).length > 0;
  return none ? { ...architecture, catalog: { ...architecture.catalog, moe: {} } } : architecture;
}

/**
 * The grids of some categories.
 *
 * @throws {UsageError} where a factor is too near to 1.
 */
export function gridsOf(
  settings: SweepSettings,
  categories: readonly string[] = settings.categories,
  density: Density = settings.density,
): readonly CategoryGrid[] {
  try {
    return sweepGrids(settings.limits, density, categories);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    if (error instanceof FactorError) throw tooFine(error, density);
    throw new UsageError(`Cannot run sweep: ${messageOf(error)}`);
  }
}

/** The factor with its option. */
function tooFine({ factor, message }: FactorError, density: Density): UsageError {
  const flags = FACTORS.filter(([name]) => density[name] === factor).map(([name]) => flagOf(name));
  return new UsageError(
    `Cannot run sweep: --${flags.join(" or --")} ${message}; give a larger one, such as 2`,
  );
}
