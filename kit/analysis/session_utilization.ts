/**
 * MFU and MBU of a session: the operations and bytes of every step, over the time of its passes.
 *
 * @module
 */

import type { Manifest } from "../bundle/manifest.ts";
import type { FileSystem } from "../contract/context.ts";
import { eachRow, ofFirstRank } from "./table_rows.ts";
import { devicePeaks } from "./utilization/device_peaks.ts";
import { type MeasuredModel, measuredModel } from "./utilization/measured_model.ts";
import { type ModelShape, readModelShape } from "./utilization/model_shape.ts";
import { type NumberFormats, numberFormats } from "./utilization/number_formats.ts";
import { type Cost, stepCost } from "./utilization/step_cost.ts";
import { type PhaseUtilization, type Precision, utilization } from "./utilization/utilization.ts";

/** Utilisation by phase, and what it stands on. */
export interface SessionUtilization {
  /** By phase of the pass. */
  phases: Record<string, PhaseUtilization>;
  /**
   * Device whose peaks were used, and where those come from; absent for one without stated peaks.
   * MFU is of its peak in `precision`, which is absent where that is not known.
   */
  device?: { name: string; count: number; source: string; precision?: Precision };
  /** Why MFU, MBU or both are not there, though the device's peaks are known. */
  unknown?: { mfu?: string; mbu?: string };
  /** Which of the models this is that were compared with counts of the hardware, on this device. */
  measured?: MeasuredModel;
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
  const gpu = manifest.devices.find(({ kind }) => kind === "gpu");
  const known = gpu && devicePeaks(gpu.name);
  const formats = numberFormats(manifest.engine, known);
  const { costs, beyondWindow } = await costsByStep(files, dir, shape, manifest.engine, formats);
  if (costs.size === 0) return undefined;
  const sums: Record<string, Cost> = {};
  const seconds: Record<string, number> = {};
  const onDevice = await eachPass(files, dir, (step, phase, ms) => {
    const cost = costs.get(step);
    if (!cost) return;
    const sum = sums[phase] ??= { flops: 0, bytes: 0 };
    sum.flops += cost.flops;
    sum.bytes += cost.bytes;
    seconds[phase] = (seconds[phase] ?? 0) + ms / 1000;
  });
  const size = (name: string) => Number(manifest.engine[name] ?? 1);
  const count = size("tensor_parallel_size") * size("pipeline_parallel_size");
  // Host times on a GPU are those of launching: nothing can be told from them.
  const peaks = onDevice ? known : undefined;
  const precision = typeof formats.precision === "string" ? formats.precision : null;
  const phases = utilization(sums, peaks, seconds, { count, precision });
  const result = { phases: phases as Record<string, PhaseUtilization> };
  if (!gpu || !peaks) return result;
  const unknown = reasons(formats, beyondWindow ? shape.slidingWindow : undefined);
  const measured = measuredModel(shape, formats, gpu.name, count);
  return {
    ...result,
    device: { name: gpu.name, count, source: peaks.source, ...(precision && { precision }) },
    ...(Object.keys(unknown).length > 0 && { unknown }),
    ...(measured && { measured }),
  };
}

function reasons(formats: NumberFormats, window?: number): { mfu?: string; mbu?: string } {
  const beyond = window === undefined
    ? undefined
    : `where a step reads more than ${window} tokens, requests may be longer than the window of the ` +
      "model’s layers, and the session counts attention without one";
  const mfu = typeof formats.precision === "object" ? formats.precision.unknown : beyond;
  const mbu = "unknown" in formats.bytes ? formats.bytes.unknown : beyond;
  return { ...(mfu !== undefined && { mfu }), ...(mbu !== undefined && { mbu }) };
}

/** Costs by step; NaN for what is not known of one, as where requests may go beyond the window. */
async function costsByStep(
  files: FileSystem,
  dir: string,
  shape: ModelShape,
  engine: Readonly<Record<string, unknown>>,
  { bytes }: NumberFormats,
): Promise<{ costs: Map<string, Cost>; beyondWindow: boolean }> {
  const costs = new Map<string, Cost>();
  const window = shape.slidingWindow ?? Infinity;
  const fits = Number(engine["max_model_len"] ?? Infinity) <= window;
  let beyondWindow = false;
  const dtypes = "unknown" in bytes
    ? { weightBytes: NaN, activationBytes: NaN, kvBytes: NaN }
    : bytes;
  await eachRow(files, dir, "batch_utilization", (cell, number) => {
    if (!Number.isFinite(number("attention_pairs"))) return;
    const step = {
      contextTokens: number("context_tokens") || 0,
      generationTokens: number("generation_tokens") || 0,
      contextRequests: number("context_requests") || 0,
      generationRequests: number("generation_requests") || 0,
      attentionPairs: number("attention_pairs"),
      kvTokens: number("kv_tokens"),
    };
    // The sums are of lengths without the window: no request is longer than all of them together.
    const within = fits || !(step.kvTokens > window);
    if (!within) beyondWindow = true;
    const cost = within ? stepCost(shape, step, dtypes) : { flops: NaN, bytes: NaN };
    costs.set(cell("step"), { flops: cost.flops, bytes: cost.bytes });
  });
  return { costs, beyondWindow };
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
