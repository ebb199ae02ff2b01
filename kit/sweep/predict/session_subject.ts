/**
 * What a session tells of its model and engine, for a prediction of its steps.
 *
 * @module
 */

import type { Manifest } from "../../bundle/manifest.ts";
import { UsageError } from "../../contract/errors.ts";
import { type ModelConfig, readModelConfig } from "../model/model_config.ts";
import { type Meta, part } from "../sweep_folder.ts";

/** A session's model and engine. */
export interface SessionSubject {
  readonly tp: number;
  /** Absent where the session does not tell it. */
  readonly config?: ModelConfig;
  /** Transformer blocks, which may be fewer than the sweep's model has. */
  readonly blocks?: number;
}

/** Keys of a config in which the models of session and sweep must be the same. */
const SAME = ["hidden_size", "num_attention_heads", "num_key_value_heads", "vocab_size"];

/** Reads a session's manifest. @throws {UsageError} where its pipeline makes steps that no sweep has. */
export function sessionSubject(dir: string, { engine }: Manifest): SessionSubject {
  const number = (key: string) => typeof engine[key] === "number" ? engine[key] as number : 1;
  if (number("pipeline_parallel_size") > 1) {
    throw new UsageError(
      `Cannot compare with "${dir}": its model is spread over ${
        number("pipeline_parallel_size")
      } stages of a pipeline; give a session without pipeline parallelism`,
    );
  }
  const told = part(engine, "model_config");
  const blocks = told["num_hidden_layers"];
  return {
    tp: number("tensor_parallel_size"),
    ...(typeof told["model_type"] === "string"
      ? { config: readModelConfig(String(engine["model"]), dir, JSON.stringify(told)) }
      : {}),
    ...(typeof blocks === "number" ? { blocks } : {}),
  };
}

/**
 * Whether a sweep is of the session's model.
 *
 * @param config The sweep's model, where it is known.
 * @throws {UsageError} where it is another.
 */
export function checkSameModel(
  dir: string,
  session: SessionSubject,
  meta: Meta | undefined,
  config: ModelConfig | undefined,
): void {
  const own = session.config;
  if (!own) return;
  const architecture = meta?.values["architecture"];
  const differs = typeof architecture === "string" && architecture !== own.modelType
    ? `is a ${own.modelType}, and the sweep's is a ${architecture}`
    : SAME.map((key) => {
      const [there, here] = [own.config[key], config?.config[key]];
      return typeof there === "number" && typeof here === "number" && there !== here
        ? `has a ${key} of ${there}, and the sweep's ${here}`
        : undefined;
    }).find((text) => text !== undefined);
  if (differs !== undefined) {
    throw new UsageError(
      `Cannot compare with "${dir}": its model ${differs}; give a sweep of the session's model`,
    );
  }
}

/** What of two machines is not the same, as texts for people. */
export function machineNotes(manifest: Manifest, meta: Meta | undefined): string[] {
  const notes: string[] = [];
  const values = meta?.values ?? {};
  const devices = manifest.devices.map(({ name }) => name).filter((name) => name !== undefined);
  const gpu = values["gpu"];
  if (typeof gpu === "string" && devices.length > 0 && !devices.includes(gpu)) {
    notes.push(`the session ran on ${devices.join(", ")}, the sweep on ${gpu}`);
  }
  const [there, here] = [manifest.versions.vllm, values["vllm_version"]];
  if (there !== undefined && typeof here === "string" && base(there) !== base(here)) {
    notes.push(`the session ran on vLLM ${there}, the sweep on ${here}`);
  }
  const eager = part(values, "engine_effective")["enforce_eager"];
  if (eager === true && manifest.engine["enforce_eager"] === false) {
    notes.push(
      "the sweep was measured without CUDA graphs and torch.compile, the session used them",
    );
  }
  return notes;
}

function base(version: string): string {
  return version.split("+")[0]!;
}
