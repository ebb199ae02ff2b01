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

/** The identity of what an engine measures; `cpu` is its name where there is no GPU. */
export function identityOf(
  { model, types }: SweepSettings,
  facts: EngineFacts,
  cpu: string,
): SweepIdentity {
  return {
    vllm_version: facts.vllm,
    gpu: facts.gpu ?? cpu,
    model_config_sha256: sha256(JSON.stringify(model.config)),
    dtype: types.dtype ?? model.dtype ?? "auto",
    quantization: types.quantization ?? "none",
    kv_cache_dtype: types.kvCacheDtype,
    timer: facts.timer,
  };
}

/**
 * Makes sure that a journal is of this identity, as far as it is known.
 *
 * @throws {UsageError} where it is of another one.
 */
export function checkIdentity(
  dir: string,
  { sweeps }: Pick<Journal, "sweeps">,
  known: Partial<SweepIdentity>,
): void {
  for (const { identity } of sweeps) {
    for (const [key, value] of Object.entries(known)) {
      const there = identity[key as keyof SweepIdentity];
      if (there === value) continue;
      throw new UsageError(
        `Cannot go on with "${dir}": it was measured with ${key} ${there}, and this would be ` +
          `${value}; give another --out, or --force to measure everything again`,
      );
    }
  }
}
