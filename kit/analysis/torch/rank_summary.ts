/**
 * One file in the figures that stay when its events are forgotten.
 *
 * @module
 */

import type {
  CaptureEnvironment,
  DeviceRow,
  GapRow,
  GpuTotals,
  IdleCause,
  StepRow,
} from "../capture/model.ts";
import type { Timeline } from "../capture/timeline.ts";
import type { DeviceTime } from "./device_sweep.ts";
import type { RankResult } from "./rank.ts";
import type { StepName } from "./step_name.ts";
import type { Tables } from "./tables.ts";

/** So many steps are listed one by one. */
const MOST_LISTED = 10_000;

/** What stays of a file. */
export interface RankSummary {
  readonly source: number;
  readonly path: string;
  readonly rank: number | undefined;
  readonly environment: CaptureEnvironment;
  readonly result: RankResult;
  readonly devices: readonly DeviceRow[];
  readonly times: readonly DeviceTime[];
  readonly steps: readonly StepRow[];
  readonly gaps: readonly GapRow[];
  readonly idle: ReadonlyMap<IdleCause, { gaps: number; total: number }>;
  readonly timeline: Timeline | undefined;
}

/** Sums a file up. `beside` is what stands beside its events. */
export function summarize(
  tables: Tables,
  source: number,
  path: string,
  beside: Readonly<Record<string, unknown>>,
  result: RankResult,
): RankSummary {
  const { swept } = result;
  const rank = rankOf(path, beside);
  const models = deviceModels(beside);
  const origin = result.firstStart;
  return {
    source,
    path,
    rank,
    environment: environmentOf(beside, models, result.hasStacks),
    result,
    times: swept.devices,
    devices: swept.devices.map((time) => {
      const model = models.get(time.device);
      return {
        source,
        ...(rank === undefined ? {} : { rank }),
        device: time.device,
        ...(model === undefined ? {} : { model }),
        streams: time.streams,
        ...totalsOf([time]),
      };
    }),
    steps: stepRows(result, origin),
    gaps: swept.gaps.longest.map(({ device, start, duration, cause, after, before }) => ({
      source,
      device,
      start_ns: start - origin,
      duration_ns: duration,
      cause,
      after: tables.names.text(after),
      before: tables.names.text(before),
    })),
    idle: swept.gaps.causes,
    timeline: result.timeline.timeline(source),
  };
}

/** Totals over devices. */
export function totalsOf(times: readonly DeviceTime[]): GpuTotals {
  const sum = (pick: (time: DeviceTime) => number) =>
    times.reduce((total, time) => total + pick(time), 0);
  const [busy, span] = [sum(({ busy }) => busy), sum(({ span }) => span)];
  return {
    kernel_count: sum(({ kernels }) => kernels),
    kernel_time_ns: sum(({ kernelTime }) => kernelTime),
    busy_time_ns: busy,
    span_ns: span,
    idle_share: span > 0 ? 1 - busy / span : 0,
  };
}

function stepRows(
  { steps, stepKernels, stepTime, swept }: RankSummary["result"],
  origin: number,
): StepRow[] {
  const onGpu = swept.devices.length > 0;
  return steps.slice(0, MOST_LISTED).map(({ start, end, told }, index) => ({
    index,
    ...(told.phase === undefined ? {} : { phase: told.phase }),
    start_ns: start - origin,
    elapsed_ns: end - start,
    ...workOf(told),
    ...(onGpu ? { kernels: stepKernels[index]!, gpu_ns: stepTime[index]! } : {}),
  }));
}

function workOf(told: StepName): Partial<StepRow> {
  const { contextRequests, contextTokens, generationRequests, generationTokens } = told;
  return {
    ...(contextRequests === undefined ? {} : { context_requests: contextRequests }),
    ...(contextTokens === undefined ? {} : { context_tokens: contextTokens }),
    ...(generationRequests === undefined ? {} : { generation_requests: generationRequests }),
    ...(generationTokens === undefined ? {} : { generation_tokens: generationTokens }),
  };
}

/** The rank that a file is of: as it says, or as its name says. */
function rankOf(path: string, beside: Readonly<Record<string, unknown>>): number | undefined {
  const told = record(beside["distributedInfo"])["rank"];
  const world = record(beside["distributedInfo"])["world_size"];
  const name = path.split("/").at(-1)!;
  const named = /rank[-_]?(\d+)/i.exec(name)?.[1] ?? /(?:^|[._-])tp(\d+)/i.exec(name)?.[1];
  // Engines with one process per GPU may tell every file that it is rank 0 of 1.
  if (typeof told === "number" && !(world === 1 && named !== undefined)) return told;
  return named === undefined ? undefined : Number(named);
}

function deviceModels(beside: Readonly<Record<string, unknown>>): Map<number, string> {
  const models = new Map<number, string>();
  const listed = beside["deviceProperties"];
  for (const one of Array.isArray(listed) ? listed : []) {
    const { id, name } = record(one);
    if (typeof id === "number" && typeof name === "string") models.set(id, name);
  }
  return models;
}

function environmentOf(
  beside: Readonly<Record<string, unknown>>,
  models: ReadonlyMap<number, string>,
  hasStacks: boolean,
): CaptureEnvironment {
  const info = record(beside["distributedInfo"]);
  const version = beside["vllm_version"];
  return {
    ...(typeof version === "string" ? { vllm_version: version } : {}),
    ...(models.size > 0 ? { devices: [...models.values()] } : {}),
    ...(typeof info["world_size"] === "number" ? { world_size: info["world_size"] } : {}),
    ...(typeof info["backend"] === "string" ? { backend: info["backend"] } : {}),
    ...(beside["record_shapes"] === undefined
      ? {}
      : { record_shapes: Boolean(beside["record_shapes"]) }),
    with_stack: beside["with_stack"] === undefined ? hasStacks : Boolean(beside["with_stack"]),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
