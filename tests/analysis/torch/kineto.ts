/** Small traces as Kineto writes them, and their figures counted directly from what went in. */

/** A complete event; times are whole nanoseconds. */
export interface Made {
  cat: string;
  name: string;
  pid: number | string;
  tid: number | string;
  start: number;
  duration: number;
  args?: Record<string, unknown>;
}

/** When the traces begin: microseconds since 1970, where a double is too coarse for nanoseconds. */
export const EPOCH_US = 1_780_000_000_000_000n;

const BESIDE = {
  schemaVersion: 1,
  deviceProperties: [{ id: 0, name: "NVIDIA H200" }, { id: 1, name: "NVIDIA H200" }],
};

/** Nanoseconds as Kineto writes microseconds. */
export function micros(ns: number, epoch = 0n): string {
  const whole = epoch * 1000n + BigInt(ns);
  return `${whole / 1000n}.${String(whole % 1000n).padStart(3, "0")}`;
}

/** An event in Kineto's own layout. */
export function eventText({ cat, name, pid, tid, start, duration, args }: Made): string {
  const text = (value: unknown) => JSON.stringify(value);
  return `  {
    "ph": "X", "cat": ${text(cat)}, "name": ${text(name)}, "pid": ${text(pid)}, "tid": ${text(tid)},
    "ts": ${micros(start, EPOCH_US)}, "dur": ${micros(duration)}${
    args
      ? `,\n    "args": {\n      ${
        Object.entries(args).map(([key, value]) => `${text(key)}: ${text(value)}`).join(", ")
      }\n    }`
      : ""
  }
  }`;
}

/** A whole trace. */
export function traceText(
  events: readonly Made[],
  beside: Record<string, unknown> = BESIDE,
): string {
  const head = JSON.stringify(beside, null, 2).replace(/\n\}$/, "");
  const named = `  {
    "name": "process_name", "ph": "M", "ts": ${micros(0, EPOCH_US)}, "pid": 100, "tid": 0,
    "args": {
      "name": "python"
    }
  }`;
  const flow = `  {
    "ph": "s", "id": 7, "pid": 100, "tid": 100, "ts": ${micros(1000, EPOCH_US)},
    "cat": "ac2g", "name": "ac2g"
  }`;
  const all = [named, ...events.map(eventText), flow].join(",\n");
  return `${head},\n  "traceEvents": [\n${all}\n  ],\n  "traceName": "made.json"\n}\n`;
}

/** A kernel on a stream. */
export function kernel(
  name: string,
  start: number,
  duration: number,
  { device = 0, stream = 7, ...args }: Record<string, unknown> & {
    device?: number;
    stream?: number;
  } = {},
): Made {
  return {
    cat: "kernel",
    name,
    pid: device,
    tid: stream,
    start,
    duration,
    args: { queued: 0, device, context: 1, stream, grid: [1, 1, 1], ...args },
  };
}

/** A call of CUDA's library. */
export function call(name: string, start: number, duration: number, correlation: number): Made {
  return {
    cat: "cuda_runtime",
    name,
    pid: 100,
    tid: 100,
    start,
    duration,
    args: { cbid: 211, correlation },
  };
}

/** A CPU operator. */
export function operator(name: string, start: number, duration: number, external: number): Made {
  return {
    cat: "cpu_op",
    name,
    pid: 100,
    tid: 100,
    start,
    duration,
    args: { "External id": external, "Ev Idx": external },
  };
}

/** A range of the host. */
export function range(name: string, start: number, duration: number): Made {
  return { cat: "user_annotation", name, pid: 100, tid: 100, start, duration };
}

/** The length of a union of intervals, counted nanosecond by nanosecond's borders. */
export function unionLength(intervals: readonly (readonly [number, number])[]): number {
  const points = [...new Set(intervals.flat())].sort((a, b) => a - b);
  let length = 0;
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1]!, points[at]!];
    if (intervals.some(([start, end]) => start <= from && end >= to)) length += to - from;
  }
  return length;
}

/** Kernels of a list of events. */
export function kernelsOf(events: readonly Made[]): Made[] {
  return events.filter(({ cat }) => cat === "kernel");
}

/** The totals that a list of events has. */
export function directTotals(events: readonly Made[]): {
  kernel_count: number;
  kernel_time_ns: number;
  busy_time_ns: number;
  span_ns: number;
} {
  const kernels = kernelsOf(events);
  let busy = 0;
  let span = 0;
  for (const device of new Set(kernels.map(({ args }) => args!["device"]))) {
    const own = kernels.filter(({ args }) => args!["device"] === device)
      .map(({ start, duration }) => [start, start + duration] as const);
    busy += unionLength(own);
    span += Math.max(...own.map(([, end]) => end)) - Math.min(...own.map(([start]) => start));
  }
  return {
    kernel_count: kernels.length,
    kernel_time_ns: kernels.reduce((sum, { duration }) => sum + duration, 0),
    busy_time_ns: busy,
    span_ns: span,
  };
}

/** The kernel table of a list of events, by full name. */
export function directKernels(events: readonly Made[]): Map<string, {
  count: number;
  total_ns: number;
  median_ns: number;
  min_ns: number;
  max_ns: number;
  stddev_ns: number;
}> {
  const names = new Map<string, number[]>();
  for (const { name, duration } of kernelsOf(events)) {
    names.set(name, [...names.get(name) ?? [], duration]);
  }
  return new Map(
    [...names].map(([name, durations]) => {
      const sorted = durations.toSorted((a, b) => a - b);
      const middle = sorted.length >> 1;
      const total = sorted.reduce((sum, value) => sum + value, 0);
      const mean = total / sorted.length;
      const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      return [name, {
        count: sorted.length,
        total_ns: total,
        median_ns: sorted.length % 2 === 1
          ? sorted[middle]!
          : (sorted[middle - 1]! + sorted[middle]!) / 2,
        min_ns: sorted[0]!,
        max_ns: sorted.at(-1)!,
        stddev_ns: sorted.length > 1 ? Math.sqrt(squares / (sorted.length - 1)) : 0,
      }];
    }),
  );
}
