/**
 * `meta.yaml` of a sweep that vscope has measured.
 *
 * @module
 */

import { VERSION } from "../../contract/version.ts";
import { loadYaml } from "../../deps.ts";
import { attention } from "../grids/attention.ts";
import { SKEW_OF_FIRST_TIER, SKEW_RATIOS, skewAxes } from "../grids/skew.ts";
import { layerKinds } from "../model/layer_kinds.ts";
import type { SweepSettings } from "../plan/settings.ts";
import type { SweepLine } from "./journal.ts";

/** What is told of a sweep. */
export interface MetaFacts {
  readonly settings: SweepSettings;
  /** TP degrees that the folder has. */
  readonly degrees: readonly number[];
  /** Whether there is a skew.csv. */
  readonly skew: boolean;
  readonly iterations: number;
  readonly profiledAt: string;
  /** SHA-256 of the architecture's YAML. */
  readonly architectureSha256: string;
  /** Arguments that the engine was made with, as it took them. */
  readonly engine: Readonly<Record<string, unknown>>;
  /** Which part of the grid was measured, where not all of it was to be. */
  readonly adaptive?: Readonly<Record<string, unknown>>;
  /** How far held-out batches are from their predictions. */
  readonly validation?: Readonly<Record<string, unknown>>;
  /** Every sweep that contributed; the last is this one. */
  readonly sweeps: readonly SweepLine[];
}

/** Keys of a config that matrices are as large as. */
const SIZES = [
  "hidden_size",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "intermediate_size",
  "vocab_size",
];

/** The file, without the fit, which `bundle fit` writes. */
export async function metaYaml(facts: MetaFacts): Promise<string> {
  const { settings, sweeps } = facts;
  const { limits, density, model } = settings;
  const last = sweeps.at(-1)!;
  const { identity, provenance } = last;
  const [chunks, histories, decodes] = attention.axes(
    { ...limits, maxModelLen: Infinity },
    density,
  );
  const kinds = layerKinds(model);
  const skew = skewAxes(limits, density);
  const document = {
    profiler_version: `vscope ${VERSION}`,
    vllm_version: identity.vllm_version,
    cuda_version: provenance["cuda"] ?? null,
    gpu: identity.gpu,
    hardware: settings.hardware,
    profiled_at: facts.profiledAt,
    architecture: settings.architecture.name,
    architecture_sha256: facts.architectureSha256,
    model: model.id,
    variant: settings.variant,
    tp_degrees: facts.degrees,
    engine_effective: {
      ...facts.engine,
      max_num_batched_tokens: limits.maxNumBatchedTokens,
      max_num_seqs: limits.maxNumSeqs,
      worker_extension_cls: "vscope_sweep.extension.Extension",
      model: model.id,
    },
    attention_grid: {
      max_kv: density.attentionMaxKv,
      chunk_factor: density.attentionChunkFactor,
      kv_factor: density.attentionKvFactor,
      chunks: axisText(chunks!),
      n_decode: axisText(decodes!),
      kv: axisText(histories!),
    },
    // The reference's grid is one of powers of two, and its meta does not tell.
    ...(settings.categories.includes("moe") && density.moeFactor < 2
      ? { moe_grid: { factor: density.moeFactor } }
      : {}),
    measurement_iterations: facts.iterations,
    skew_profile: {
      enabled: facts.skew,
      ...(facts.skew
        ? {
          factors: {
            n: density.skewNFactor,
            pc: density.skewPcFactor,
            kp: density.skewKpFactor,
            kvs: density.skewKvsFactor,
          },
          grid: {
            n: axisText(skew.n),
            ratio: SKEW_RATIOS,
            pc: axisText(skew.pc),
            kp: axisText(skew.kp),
            kvs: axisText(skew.kvs),
            skew_rep: SKEW_OF_FIRST_TIER,
          },
        }
        : {}),
    },
    skew_fit: { enabled: false },
    model_config_sha256: identity.model_config_sha256,
    // How many layers of each kind the model has: a time of attention is the mean over them.
    ...(kinds.length > 1
      ? { layer_types: Object.fromEntries(kinds.map(({ name, count }) => [name, count])) }
      : {}),
    // Of a family that has members with experts.
    ...(hasNoExperts(settings) ? { experts: 0 } : {}),
    // The roofline of the page is made of them.
    model_sizes: Object.fromEntries(SIZES.flatMap((key) => {
      const size = model.config[key];
      return typeof size === "number" ? [[key, size]] : [];
    })),
    max_model_len: limits.maxModelLen,
    num_cache_tokens: limits.numCacheTokens ?? null,
    timer: identity.timer,
    // Of skew.csv, where LLMServingSim's profiler wrote sums over the iterations.
    times: "microseconds",
    ...(facts.adaptive ? { adaptive: facts.adaptive } : {}),
    ...(facts.validation ? { validation: facts.validation } : {}),
    sweeps: sweeps.map(({ started_at, identity, provenance }) => ({
      started_at,
      ...identity,
      ...provenance,
    })),
  };
  const { dump } = await loadYaml();
  return dump(document, { flowLevel: 3, lineWidth: 100, noRefs: true, skipInvalid: true });
}

function hasNoExperts({ architecture: { sequence, catalog } }: SweepSettings): boolean {
  return (sequence["mlp_moe"] ?? []).length > 0 && Object.keys(catalog.moe).length === 0;
}

/** `first-last xF` where each value is the one before times F, but for the last; else the list. */
export function axisText(values: readonly number[]): string | readonly number[] {
  const zero = values[0] === 0;
  const rest = zero ? values.slice(1) : values;
  if (rest.length < 3) return values;
  const factor = rest[1]! / rest[0]!;
  const even = rest.every((value, place) => {
    if (place === 0) return true;
    const step = value / rest[place - 1]!;
    return Math.abs(step / factor - 1) <= 0.02 || (place === rest.length - 1 && step < factor);
  });
  if (!even) return values;
  const text = Number.isInteger(factor) ? String(factor) : String(Number(factor.toPrecision(3)));
  return `${zero ? "0, " : ""}${rest[0]}-${rest.at(-1)} x${text}`;
}
