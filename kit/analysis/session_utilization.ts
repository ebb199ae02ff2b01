/**
 * MFU and MBU of a session: the operations and bytes of every step, over the time of its passes.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { FileSystem } from "../contract/context.ts";
import { eachRow, ofFirstRank } from "./table_rows.ts";
import { devicePeaks } from "./utilization/device_peaks.ts";
import { type ModelShape, readModelShape } from "./utilization/model_shape.ts";
import { stepCost } from "./utilization/step_cost.ts";
import { type PhaseUtilization, utilization } from "./utilization/utilization.ts";

/** Utilisation by phase, and what it stands on. */
export interface SessionUtilization {
  /** By phase of the pass. */
  phases: Record<string, PhaseUtilization>;
  /** Device whose peaks were used, and where those come from; absent for one without stated peaks. */
  device?: { name: string; count: number; source: string };
}

/**
 * Computes it; nothing where the model's shape is not one that can be computed, or a step's batch
 * was not recorded. Time is that of forward passes on the first rank, from CUDA events.
 */
export async function sessionUtilization(
  files: FileSystem,
  dir: string,
  manifest: Manifest,
): Promise<SessionUtilization | undefined> {
  const config = manifest.engine["model_config"];
  const shape = config ? readModelShape(config as Record<string, unknown>) : undefined;
  if (!shape || manifest.engine["data_parallel_size"] !== 1) return undefined;
  const costs = await costsByStep(files, dir, shape, manifest.engine);
  if (costs.size === 0) return undefined;
  const sums: Record<string, { flops: number; bytes: number }> = {};
  const seconds: Record<string, number> = {};
  const onDevice = await eachPass(files, dir, (step, phase, ms) => {
    const cost = costs.get(step);
    if (!cost) return;
    const sum = sums[phase] ??= { flops: 0, bytes: 0 };
    sum.flops += cost.flops;
    sum.bytes += cost.bytes;
    seconds[phase] = (seconds[phase] ?? 0) + ms / 1000;
  });
  const gpu = manifest.devices.find(({ kind }) => kind === "gpu");
  // Host times on a GPU are those of launching: nothing can be told from them.
  const peaks = gpu && onDevice ? devicePeaks(gpu.name) : undefined;
  const size = (name: string) => Number(manifest.engine[name] ?? 1);
  const count = size("tensor_parallel_size") * size("pipeline_parallel_size");
  return {
    phases: utilization(sums, peaks, seconds, { count }) as Record<string, PhaseUtilization>,
    ...(gpu && peaks ? { device: { name: gpu.name, count, source: peaks.source } } : {}),
  };
}

async function costsByStep(
  files: FileSystem,
  dir: string,
  shape: ModelShape,
  engine: Readonly<Record<string, unknown>>,
): Promise<Map<string, { flops: number; bytes: number }>> {
  const costs = new Map<string, { flops: number; bytes: number }>();
  const activationBytes = /32/.test(String(engine["dtype"])) ? 4 : 2;
  const eight = /8/.test(String(engine["quantization"] ?? ""));
  const dtypes = {
    activationBytes,
    weightBytes: eight ? 1 : activationBytes,
    kvBytes: /8/.test(String(engine["cache_dtype"] ?? "")) ? 1 : activationBytes,
  };
  await eachRow(files, dir, "batch_utilization", (cell, number) => {
    if (!Number.isFinite(number("attention_pairs"))) return;
    costs.set(
      cell("step"),
      stepCost(shape, {
        contextTokens: number("context_tokens") || 0,
        generationTokens: number("generation_tokens") || 0,
        contextRequests: number("context_requests") || 0,
        generationRequests: number("generation_requests") || 0,
        attentionPairs: number("attention_pairs"),
        kvTokens: number("kv_tokens"),
      }, dtypes),
    );
  });
  return costs;
}

/** The passes of the first rank; tells whether all of them were timed on the device. */
async function eachPass(
  files: FileSystem,
  dir: string,
  take: (step: string, phase: string, ms: number) => void,
): Promise<boolean> {
  let onDevice = true;
  const found = await eachRow(files, dir, "forward_pass_timing", (cell, number) => {
    const ms = number("forward_time_ms");
    if (!ofFirstRank(cell) || !Number.isFinite(ms)) return;
    if (cell("timing") !== "cuda_event") onDevice = false;
    take(cell("step"), cell("phase"), ms);
  });
  return found !== undefined && onDevice;
}
