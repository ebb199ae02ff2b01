/**
 * The figures of the recipes for a Mac: `xctrace` and `metal`.
 *
 * @module
 */

import { XCTRACE_NAME, type XctraceSummary } from "../../analysis/xctrace/summary.ts";
import { readMetalRecord } from "../../bundle/metal_record.ts";
import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import type { Fact, Figure, KindFigures } from "../figure.ts";
import { figuresOf, single } from "../series.ts";

const SECONDS = { unit: "s", better: "lower", scale: "ratio" } as const;
const PERCENT = { unit: "%", scale: "difference" } as const;
const BYTES = { unit: "bytes", scale: "ratio" } as const;

/** What `metal.json` tells of the requests that were captured. Needs read permission. */
export async function metalFigures(files: FileSystem, dir: string): Promise<KindFigures> {
  const record = await readMetalRecord(files, dir);
  if (!record) throw new UsageError(`Cannot compare "${dir}": it holds no metal.json to be read`);
  const known = (values: readonly (number | undefined)[]) =>
    values.filter((value) => value !== undefined);
  const { captures } = record;
  const load = {
    max_tokens: record.max_tokens,
    prompt_tokens: sum(known(captures.map(({ prompt_tokens }) => prompt_tokens))),
    completion_tokens: sum(known(captures.map(({ completion_tokens }) => completion_tokens))),
    captures: captures.length,
  };
  const requests = known(captures.map(({ request_seconds }) => request_seconds));
  const unverified = captures.filter(({ verified }) => !verified).length;
  return {
    facts: [
      ...Object.entries(load).map(([name, value]): Fact => ({ subject: "load", name, value })),
      { subject: "flags", name: "form", value: record.form },
    ],
    figures: [
      ...figuresOf("captures.request_s", requests, ["mean"], SECONDS),
      ...single("captures.uncaptured_request_s", record.uncaptured_seconds, SECONDS),
      ...single(
        "captures.trace_bytes",
        sum(captures.flatMap(({ traces }) => traces.map(({ apparent_bytes }) => apparent_bytes))),
        BYTES,
      ),
    ],
    matched: [],
    leftOut: unverified === 0 ? [] : [`captures: ${unverified} left no trace that is whole`],
  };
}

/** How busy GPU and CPU were. Needs read permission. */
export async function xctraceFigures(files: FileSystem, dir: string): Promise<KindFigures> {
  let summary: XctraceSummary | undefined;
  let why = "it is none of version 1";
  try {
    summary = JSON.parse(await files.readTextFile(`${dir}/${XCTRACE_NAME}`));
  } catch (error) {
    why = messageOf(error);
  }
  if (summary?.schema_version !== 1 || typeof summary.seconds !== "number") {
    throw new UsageError(`Cannot compare "${dir}": ${XCTRACE_NAME} cannot be read (${why})`);
  }
  const { gpu, cpu, thermal } = summary;
  const figures: Figure[] = [
    ...single("gpu.busy_pct", gpu?.busy_pct, PERCENT),
    ...single("gpu.active_pct", gpu?.active_pct, PERCENT),
    ...(gpu?.processes ?? []).flatMap(({ process, busy_pct }) =>
      single(`gpu_processes.${withoutPid(process)}.busy_pct`, busy_pct, PERCENT)
    ),
    ...(cpu?.processes ?? []).flatMap(({ process, cores }) =>
      single(`cpu_processes.${withoutPid(process)}.cores`, cores, { unit: "", scale: "difference" })
    ),
  ];
  return {
    facts: [
      { subject: "load", name: "seconds", value: Number(summary.seconds.toFixed(1)) },
      ...(thermal ? [{ subject: "clocks" as const, name: "thermal", value: thermal.worst }] : []),
    ],
    // Of two processes of one name the first, which is the busier, stands for both.
    figures: figures.filter(({ metric }, place) =>
      figures.findIndex((other) => other.metric === metric) === place
    ),
    matched: [],
    leftOut: (summary.tables ?? []).flatMap(({ table, note }) => note ? [`${table}: ${note}`] : []),
  };
}

/** A process has another number in each run. */
function withoutPid(process: string): string {
  return process.replace(/\s*\(\d+\)$/, "");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
