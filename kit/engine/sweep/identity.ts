/**
 * Whether what this machine would measure belongs to what a folder has.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { UsageError } from "../../contract/errors.ts";
import type { Journal, SweepIdentity } from "../../sweep/measure/journal.ts";
import type { SweepSettings } from "../../sweep/plan/settings.ts";
import type { EngineFacts } from "./driver.ts";

/** SHA-256 of a text, hexadecimal. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The part of the identity that is known without an engine. */
export function knownIdentity(
  { model, types }: SweepSettings,
): Pick<SweepIdentity, "model_config_sha256" | "dtype" | "quantization" | "kv_cache_dtype"> {
  return {
    model_config_sha256: sha256(JSON.stringify(model.config)),
    dtype: types.dtype ?? model.dtype ?? "auto",
    quantization: types.quantization ?? "none",
    kv_cache_dtype: types.kvCacheDtype,
  };
}

/** The identity of what an engine measures; `cpu` is its name where there is no GPU. */
export function identityOf(
  settings: SweepSettings,
  facts: EngineFacts,
  cpu: string,
): SweepIdentity {
  return {
    vllm_version: facts.vllm,
    gpu: facts.gpu ?? cpu,
    ...knownIdentity(settings),
    timer: facts.timer,
  };
}

/** What may be another in one bundle where that is asked for: the rest says what is measured. */
const MIXABLE: readonly string[] = ["vllm_version", "gpu", "timer"];

/**
 * Makes sure that a journal is of this identity, as far as it is known.
 *
 * @param mix Whether another vLLM, GPU or timer was asked for.
 * @throws {UsageError} where it is of another one.
 */
export function checkIdentity(
  dir: string,
  { sweeps }: Pick<Journal, "sweeps">,
  known: Partial<SweepIdentity>,
  mix: boolean,
): void {
  for (const { identity } of sweeps) {
    for (const [key, value] of Object.entries(known)) {
      const there = identity[key as keyof SweepIdentity];
      const mixable = MIXABLE.includes(key);
      if (there === value || (mix && mixable)) continue;
      throw new UsageError(
        `Cannot go on with "${dir}": it was measured with ${key} ${there}, and this would be ` +
          `${value}; give another --out, ${
            mixable ? "--mix to have both in one bundle, " : ""
          }or ` +
          "--force to measure everything again",
      );
    }
  }
}

/** What is of several kinds among the sweeps of a journal; undefined where nothing is. */
export function mixture({ sweeps }: Pick<Journal, "sweeps">): string | undefined {
  const found = MIXABLE.flatMap((key) => {
    const values = new Set(sweeps.map(({ identity }) => identity[key as keyof SweepIdentity]));
    return values.size > 1 ? [`${key} ${[...values].join(" and ")}`] : [];
  });
  return found.length === 0 ? undefined : found.join("; ");
}
