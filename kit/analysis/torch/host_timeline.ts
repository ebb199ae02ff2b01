/**
 * Reads one step of a trace again, for what its host did.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import type { HostSlice, HostTimeline } from "../capture/host_timeline.ts";
import type { CaptureAnalysis, StepRow } from "../capture/model.ts";
import type { ReadOptions } from "../capture/reader.ts";
import { kernelClassifier } from "../kernels/classify.ts";
import { eachEvent } from "./each_event.ts";
import { TraceEvent } from "./event.ts";
import { EventKind, eventKind } from "./event_kinds.ts";
import { Names } from "../activity/names.ts";
import { Steps } from "../activity/steps.ts";
import { Tables } from "../activity/tables.ts";

const MOST_SLICES = 4000;

/**
 * The operators of a step of middle length; nothing where the steps are not known.
 *
 * @param path The first file of `analysis`. It is read twice more: once for the steps, once for the
 * operators of one.
 */
export async function readHostTimeline(
  files: FileSystem,
  path: string,
  analysis: CaptureAnalysis,
  options: ReadOptions = {},
): Promise<HostTimeline | undefined> {
  const iteration = middleStep(analysis.steps ?? []);
  if (iteration === undefined) return undefined;
  const tables = new Tables(await kernelClassifier());
  const event = new TraceEvent(tables.names);
  const step = await findStep(files, path, event, tables.names, iteration, options);
  if (!step) return undefined;
  const threads = new Map<number, HostSlice[]>();
  let leftOut = 0;
  let listed = 0;
  await eachEvent(files, path, event, {
    ...options,
    take() {
      const { start, duration } = event;
      if (kindOf(event) !== EventKind.Operator) return;
      if (!(start >= step.start && start < step.end) || !(duration >= 0)) return;
      if (listed >= MOST_SLICES) {
        leftOut++;
        return;
      }
      listed++;
      const slices = threads.get(event.tid) ?? [];
      threads.set(event.tid, slices);
      slices.push({
        name: tables.names.text(event.name),
        category: tables.category(event.name),
        depth: 0,
        start_ns: start - step.start,
        duration_ns: duration,
      });
    },
  });
  if (listed === 0) return undefined;
  const nested = [...threads.values()].map((slices) => ({ slices: withDepth(slices) }));
  return {
    iteration,
    source: 0,
    elapsed_ns: step.end - step.start,
    threads: nested.sort((a, b) => b.slices.length - a.slices.length),
    left_out: leftOut,
  };
}

function kindOf({ cat, names }: TraceEvent): EventKind {
  return cat < 0 ? EventKind.Other : eventKind(names.text(cat));
}

/** Of the phase that most steps have, the one in the middle by length. */
function middleStep(steps: readonly StepRow[]): number | undefined {
  const byPhase = Map.groupBy(steps, ({ phase }) => phase ?? "");
  const [most = []] = [...byPhase].filter(([phase]) => phase !== "idle")
    .map(([, same]) => same).sort((a, b) => b.length - a.length);
  const sorted = most.toSorted((a, b) => a.elapsed_ns - b.elapsed_ns);
  return sorted[sorted.length >> 1]?.index;
}

async function findStep(
  files: FileSystem,
  path: string,
  event: TraceEvent,
  names: Names,
  iteration: number,
  options: ReadOptions,
): Promise<{ start: number; end: number } | undefined> {
  const steps = new Steps();
  await eachEvent(files, path, event, {
    ...options,
    take() {
      if (kindOf(event) === EventKind.Range && event.duration >= 0) {
        steps.take(event.name, names, event.start, event.duration);
      }
    },
  });
  return steps.finish()[iteration];
}

/** The same slices by start, each below the one that it lies in. */
function withDepth(slices: readonly HostSlice[]): HostSlice[] {
  const open: number[] = [];
  return slices
    .toSorted((a, b) => a.start_ns - b.start_ns || b.duration_ns - a.duration_ns)
    .map((slice) => {
      while (open.length > 0 && open.at(-1)! <= slice.start_ns) open.pop();
      const depth = open.length;
      open.push(slice.start_ns + slice.duration_ns);
      return { ...slice, depth };
    });
}
