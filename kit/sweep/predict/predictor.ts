/**
 * Predicts the time of any batch from a sweep, anybody's.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import { type Architecture, findArchitecture } from "../model/architecture.ts";
import { findModel } from "../model/find_model.ts";
import { denseBlocks } from "../model/layer_kinds.ts";
import type { ModelConfig } from "../model/model_config.ts";
import { type Meta, readMeta, sweepDegrees } from "../sweep_folder.ts";
import type { Batch } from "./batch.ts";
import { composePass, type ModelShape, type PassTime } from "./compose.ts";
import { interpolatedOperators } from "./interpolated.ts";
import { type Launches, readLaunches } from "./launch.ts";
import type { Operators } from "./operators.ts";
import { nanoseconds, readPerfTables, wholeNanoseconds } from "./perf_tables.ts";
import { referenceOperators } from "./reference.ts";
import { measuredAlpha, NO_SKEW, referenceAlpha } from "./skew_alpha.ts";

/** How times between the points of the tables are found. */
export const METHODS = ["interpolated", "reference"] as const;

/** A method. */
export type Method = typeof METHODS[number];

/**
 * LLMServingSim's catalogs say of these layers that they are the same at every TP degree, and its
 * simulator takes them from TP 1 whatever the bundle has.
 */
const REFERENCE_TP_STABLE = ["qk_norm"];

/** What a prediction is to be made with. */
export interface PredictorOptions {
  readonly tp: number;
  readonly method: Method;
  /** Ranks that experts are spread over; 1 where absent. */
  readonly expertRanks?: number;
  /** ID, folder or file of the model, where meta's cannot be found. */
  readonly model?: string;
  /** Transformer blocks, in the place of what the model's config says. */
  readonly blocks?: number;
  /** The model's config where it is known otherwise, as from a session; `model` comes first. */
  readonly config?: ModelConfig;
}

/** A sweep that is ready to be asked. */
export interface Predictor {
  readonly dir: string;
  readonly method: Method;
  readonly tp: number;
  readonly meta?: Meta;
  /** The model, where it is known. */
  readonly config?: ModelConfig;
  readonly shape: ModelShape;
  readonly operators: Operators;
  /** What a step takes besides its operators; absent where the sweep did not measure it. */
  readonly launches?: Launches;
  /** What a reader of every prediction should know. */
  readonly notes: readonly string[];
  predict(batch: Batch): PassTime;
}

/** What opening a sweep needs. */
export type PredictorContext = Pick<RunContext, "files" | "cwd" | "env" | "signal">;

/**
 * Opens a sweep. Needs read permission, and with an ID as `model` that is nowhere on this machine
 * network permission.
 *
 * @throws {UsageError} where the folder is no sweep, lacks what a prediction needs, or the model is
 * not known.
 */
export async function openPredictor(
  context: PredictorContext,
  dir: string,
  options: PredictorOptions,
): Promise<Predictor> {
  const { files } = context;
  const { tp, method } = options;
  const degrees = await sweepDegrees(files, dir, "predict from");
  if (!degrees.includes(tp)) {
    throw new UsageError(
      `Cannot predict from "${dir}": it has no tp${tp}; it was measured at TP degree ` +
        degrees.join(", "),
    );
  }
  const meta = await readMeta(files, dir);
  const { architecture, config } = await modelOf(context, dir, meta, options);
  const blocks = options.blocks ?? blocksOf(config);
  if (blocks === undefined) {
    throw new UsageError(
      `Cannot predict from "${dir}": the number of layers of its model is not known; give it ` +
        "with --layers, or the model's config.json with --model",
    );
  }
  const experts = config?.experts;
  const shape = {
    architecture,
    blocks,
    expertRanks: options.expertRanks ?? 1,
    ...(experts ? { experts } : {}),
    // To LLMServingSim every block of a model with experts has them.
    ...(experts && config && method !== "reference" ? denseOf(architecture, config, blocks) : {}),
  };
  const unit = method === "reference" ? wholeNanoseconds : nanoseconds;
  const firstTp = degrees.includes(1) ? 1 : degrees[0]!;
  const own = await readPerfTables(files, `${dir}/tp${tp}`, unit);
  const first = firstTp === tp ? own : await readPerfTables(files, `${dir}/tp${firstTp}`, unit);
  if (!own.attention) {
    throw new UsageError(
      `Cannot predict from "${dir}": tp${tp}/attention.csv is missing or empty; a prediction ` +
        "needs the time of attention",
    );
  }
  // LLMServingSim knows of no launches.
  const launches = method === "reference" ? undefined : readLaunches(meta);
  const notes = notesOf(options, shape);
  const skew = method === "reference"
    ? await referenceAlpha(files, dir, meta, tp)
    : await measuredAlpha(files, `${dir}/tp${tp}`);
  if (!skew) {
    notes.push(
      "no alpha was measured, or none above the noise: unequal decodes count by their mean history",
    );
  }
  const alpha = skew ?? NO_SKEW;
  const operators = method === "reference"
    ? referenceOperators({
      tp,
      own,
      first,
      firstTp,
      alpha,
      tpStable: stableLayers(architecture, REFERENCE_TP_STABLE, degrees),
    })
    : interpolatedOperators({ tp, own, first, firstTp, alpha });
  return {
    dir,
    method,
    tp,
    ...(meta ? { meta } : {}),
    ...(config ? { config } : {}),
    shape,
    operators,
    ...(launches ? { launches } : {}),
    notes,
    predict: (batch) => composePass(operators, shape, batch),
  };
}

/** Blocks without experts, where the architecture says what they consist of. */
export function denseOf(
  { sequence }: Architecture,
  config: ModelConfig,
  blocks: number,
): Pick<ModelShape, "denseBlocks"> {
  const told = (sequence["mlp_dense"] ?? []).length > 0;
  return told ? { denseBlocks: denseBlocks(config, blocks) } : {};
}

function notesOf({ tp, expertRanks = 1 }: PredictorOptions, { experts }: ModelShape): string[] {
  const notes: string[] = [];
  if (tp > 1) {
    notes.push("a sweep measures one rank: communication between ranks is not in the times");
  }
  if (experts && tp > 1 && expertRanks === 1) {
    notes.push("experts were measured at TP 1: that they are split over ranks is not in the times");
  }
  return notes;
}

/** Layers that are read from TP 1. */
function stableLayers(
  { catalog }: Architecture,
  more: readonly string[],
  degrees: readonly number[],
): ReadonlySet<string> {
  if (!degrees.includes(1)) return new Set();
  const own = [catalog.dense, catalog.per_sequence].flatMap((layers) =>
    Object.entries(layers).filter(([, { tpStable }]) => tpStable).map(([name]) => name)
  );
  return new Set([...own, ...more]);
}

/** The model of a sweep and its architecture; the config is absent where only `--layers` is known. */
async function modelOf(
  context: PredictorContext,
  dir: string,
  meta: Meta | undefined,
  { model, blocks, config: otherwise }: PredictorOptions,
): Promise<{ architecture: Architecture; config?: ModelConfig }> {
  const { values = {} } = meta ?? {};
  const said = typeof values["model"] === "string" ? values["model"] : folderModel(dir);
  let config: ModelConfig | undefined;
  if (model !== undefined) config = await asPrediction(() => findModel(context, model));
  else if (said !== undefined) {
    // Nobody asked for the network: what is on this machine counts.
    const offline = { ...context, env: { ...context.env, HF_HUB_OFFLINE: "1" } };
    config = await findModel(offline, said).catch((error) => {
      if (error instanceof UsageError) return undefined;
      throw error;
    });
  }
  config ??= otherwise;
  const name = typeof values["architecture"] === "string"
    ? values["architecture"]
    : config?.modelType;
  if (name === undefined || !/^[\w.-]+$/.test(name)) {
    throw new UsageError(
      `Cannot predict from "${dir}": meta.yaml names no architecture, and its model ` +
        `${said === undefined ? "is not told" : `"${said}" is not known`}; give its ` +
        "config.json with --model",
    );
  }
  const architecture = await asPrediction(() => findArchitecture(context.files, context.cwd, name));
  const withExperts = Object.keys(architecture.catalog.moe).length > 0;
  if (!config && (blocks === undefined || withExperts)) {
    throw new UsageError(
      `Cannot predict from "${dir}": its model ${said === undefined ? "" : `"${said}" `}is not ` +
        `known here; give its ID or its config.json with --model` +
        (withExperts ? "" : ", or its number of layers with --layers"),
    );
  }
  return { architecture, ...(config ? { config } : {}) };
}

/** A folder `…/<org>/<name>/<variant>` names its model. */
function folderModel(dir: string): string | undefined {
  const parts = dir.split("/").filter((name) => name !== "");
  return parts.length >= 3 ? parts.slice(-3, -1).join("/") : undefined;
}

function blocksOf(config: ModelConfig | undefined): number | undefined {
  const value = config?.config["num_hidden_layers"];
  return Number.isSafeInteger(value) && (value as number) > 0 ? value as number : undefined;
}

/** What looks for models and architectures speaks of a sweep. */
async function asPrediction<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(/^Cannot run sweep/, "Cannot predict"));
  }
}
