/**
 * From what was written of a launch to its figures.
 *
 * @module
 */

import type { Bound, NcuFigures, NcuRoofline } from "../capture/ncu_model.ts";
import { THRESHOLDS as LIMIT } from "../thresholds.ts";
import type { Launch } from "./launch.ts";
import type { MetricName } from "./metrics.ts";
import type { Point } from "./numbers.ts";

type Figures = { -readonly [Key in keyof NcuFigures]: NcuFigures[Key] };

/** The figures that stand for themselves, without the device's peaks. */
export function figuresOf(launch: Launch, point: Point): NcuFigures {
  const of = (name: MetricName) => launch.figure(name, point);
  const duration = of("duration");
  const seconds = duration ? duration / 1e9 : undefined;
  const bytes = of("dramBytes") ?? sum(of("dramReadBytes"), of("dramWriteBytes")) ??
    times(of("dramRate") ?? sum(of("dramReadRate"), of("dramWriteRate")), seconds);
  const rate = of("dramRate") ?? sum(of("dramReadRate"), of("dramWriteRate")) ??
    ratio(bytes, seconds);
  const flops = operationsOf(launch, point, seconds);
  return told({
    duration_ns: duration,
    dram_gbps: times(rate, 1e-9),
    dram_bytes: bytes === undefined ? undefined : Math.round(bytes),
    dram_pct: of("dramPct"),
    memory_pct: of("memoryPct"),
    sm_pct: of("smPct"),
    tensor_pct: of("tensorPct") ?? of("tensorHalfPct"),
    occupancy_pct: of("occupancyPct"),
    theoretical_occupancy_pct: of("theoreticalOccupancyPct"),
    flops,
    tflops: times(ratio(flops, seconds), 1e-12),
    flops_per_byte: ratio(flops, bytes),
  });
}

/** What the device's peaks say of figures. */
export function judged(figures: NcuFigures, roofline: NcuRoofline | undefined): NcuFigures {
  const { dram_pct, memory_pct, sm_pct, tflops, flops_per_byte } = figures;
  const { peak_gbps, peak_tflops } = roofline ?? {};
  const roof = flops_per_byte === undefined || peak_gbps === undefined || peak_tflops === undefined
    ? undefined
    : Math.min(peak_tflops, flops_per_byte * peak_gbps / 1000);
  return told({
    ...figures,
    roofline_pct: times(ratio(tflops, roof), 100),
    bound: boundOf(memory_pct ?? dram_pct, sm_pct),
  });
}

/** The greater of the two, unless neither is near its peak. */
function boundOf(memory: number | undefined, sm: number | undefined): Bound | undefined {
  if (memory === undefined || sm === undefined) return undefined;
  if (Math.max(memory, sm) < LIMIT.kernelNearPeak.value) return "latency";
  return memory >= sm ? "memory" : "compute";
}

/**
 * Floating point operations of the usual pipes and of tensor pipes. Without the latter they would
 * be wrong for every GEMM: they must be counted, or be known to be idle.
 */
function operationsOf(
  launch: Launch,
  point: Point,
  seconds: number | undefined,
): number | undefined {
  const of = (name: MetricName) => launch.figure(name, point);
  const tensor = launch.tensorOperations(point);
  const cycles = of("smCycles") ?? times(of("smRate"), seconds);
  const busy = of("tensorPct") ?? of("tensorHalfPct");
  const counted = tensor.total ?? times(tensor.perCycle, cycles);
  // Pipes that work while no counter counts have operands that nobody asked for.
  const tensorTotal = counted === 0 && busy !== undefined && busy > 0
    ? undefined
    : counted ?? (of("tensorPct") === 0 ? 0 : undefined);
  const scalar = (kind: "f" | "h") =>
    sum(of(`${kind}add`), of(`${kind}mul`), times(of(`${kind}fma`), 2)) ??
      times(
        sum(of(`${kind}addRate`), of(`${kind}mulRate`), times(of(`${kind}fmaRate`), 2)),
        cycles,
      );
  const single = scalar("f");
  if (tensorTotal === undefined || single === undefined) return undefined;
  // Half precision is a part of what tensor cores compute; few kernels have more of it.
  return Math.round(tensorTotal + single + (scalar("h") ?? 0));
}

function sum(...values: readonly (number | undefined)[]): number | undefined {
  return values.includes(undefined)
    ? undefined
    : values.reduce<number>((total, value) => total + value!, 0);
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}

function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || !b ? undefined : a / b;
}

function told(figures: { [Key in keyof Figures]: Figures[Key] | undefined }): NcuFigures {
  return Object.fromEntries(
    Object.entries(figures).filter(([, value]) => value !== undefined),
  ) as NcuFigures;
}
