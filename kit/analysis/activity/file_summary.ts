/**
 * One file in the figures that stay when its events are forgotten.
 *
 * @module
 */

import type { GapRow, IdleCause } from "../capture/idle_model.ts";
import type {
  CaptureEnvironment,
  Category,
  DeviceRow,
  GpuTotals,
  Phase,
  StepRow,
} from "../capture/model.ts";
import type { Timeline } from "../capture/timeline.ts";
import type { DeviceTime, Sweep } from "./device_sweep.ts";
import type { StepName } from "./step_name.ts";
import type { StepTimeline } from "./step_timeline.ts";
import type { Step } from "./steps.ts";
import type { Tables } from "./tables.ts";

/** So many steps are listed one by one. */
const MOST_LISTED = 10_000;

/** Kernels of one name that one operator launched in one module. */
export interface PathSum {
  readonly kernel: number;
  readonly operator: number;
  readonly module: string | undefined;
  count: number;
  total: number;
}

/** What a file told, whoever wrote it. */
export interface FileResult {
  readonly swept: Sweep;
  readonly steps: readonly Step[];
  /** By step: kernels that it launched, and their time. */
  readonly stepKernels: Uint32Array;
  readonly stepTime: Float64Array;
  readonly phases: ReadonlyMap<Phase, ReadonlyMap<Category, { count: number; total: number }>>;
  /** Time of graphs that were recorded as a whole, by phase; absent where none was. */
  readonly graphTime?: ReadonlyMap<Phase, number>;
  readonly paths: ReadonlyMap<string, PathSum>;
  readonly graphs: number;
  readonly graphLaunches: number;
  readonly timeline: StepTimeline;
  /** The first event's start, from the base. */
  readonly firstStart: number;
  readonly operatorsDisordered: boolean;
}

/** What stays of a file. */
export interface FileSummary {
  readonly source: number;
  readonly path: string;
  readonly rank: number | undefined;
  readonly environment: CaptureEnvironment;
  readonly result: FileResult;
  readonly devices: readonly DeviceRow[];
  readonly times: readonly DeviceTime[];
  readonly steps: readonly StepRow[];
  readonly gaps: readonly GapRow[];
  readonly idle: ReadonlyMap<IdleCause, { gaps: number; total: number }>;
  readonly timeline: Timeline | undefined;
}

/** What a file says of itself. */
export interface FileFacts {
  /** Place of the file in `sources`. */
  readonly source: number;
  readonly path: string;
  readonly rank: number | undefined;
  readonly environment: CaptureEnvironment;
  /** Models of devices, by number. */
  readonly models: ReadonlyMap<number, string>;
}

/** Sums a file up. */
export function summarizeFile(tables: Tables, facts: FileFacts, result: FileResult): FileSummary {
  const { source, path, rank, environment, models } = facts;
  const { swept } = result;
  const origin = result.firstStart;
  return {
    source,
    path,
    rank,
    environment,
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
  { steps, stepKernels, stepTime, swept }: FileResult,
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
