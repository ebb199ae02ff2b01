/**
 * A window of a trace as a trace of its own, which Perfetto opens.
 *
 * The file is read twice: once to learn when the window begins and ends on the host and on the
 * devices, once to copy the bytes of its events as they stand.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { ReadOptions, Trimmed, Window } from "../capture/reader.ts";
import { kernelClassifier } from "../kernels/classify.ts";
import { eachEvent } from "./each_event.ts";
import { TraceEvent } from "./event.ts";
import type { RankResult } from "./rank.ts";
import { readRank } from "./read_rank.ts";
import { Tables } from "../activity/tables.ts";
import { TraceWriter } from "./trace_writer.ts";

/**
 * Copies every event that lies at least partly in a window, and all that names processes and
 * threads.
 *
 * @param path Not `out`. @param out Packed when its name ends in `.gz`; written beside its name and
 * renamed.
 * @throws UsageError when the window is outside the trace. Needs read and write permission.
 */
export async function trimTrace(
  files: FileSystem,
  path: string,
  window: Window,
  out: string,
  options: ReadOptions,
): Promise<Trimmed> {
  const tables = new Tables(await kernelClassifier());
  const event = new TraceEvent(tables.names);
  const { result, end: first } = await readRank(files, path, tables, event, options);
  const { from, to } = boundsOf(path, window, result);
  const writer = await TraceWriter.create(files, out, first.raw);
  let events = 0;
  try {
    await eachEvent(files, path, event, {
      ...options,
      take(bytes, start, end) {
        const { start: begin, duration } = event;
        const stop = begin + (duration > 0 ? duration : 0);
        // What has no time names a process or a thread.
        if (!Number.isNaN(begin) && !isMetadata(event) && (stop < from || begin > to)) return;
        if (!isMetadata(event)) events++;
        writer.event(bytes, start, end);
      },
      block: () => writer.flush(),
    });
    const bytes = await writer.close();
    const origin = result.firstStart;
    return { events, bytes, from_ns: from - origin, to_ns: to - origin };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

function isMetadata({ ph }: TraceEvent): boolean {
  return ph === "M".charCodeAt(0);
}

/** The window's times, from the base. */
function boundsOf(
  path: string,
  window: Window,
  result: RankResult,
): { from: number; to: number } {
  if (window.unit === "seconds") {
    const from = result.firstStart + window.from * 1e9;
    const to = result.firstStart + window.to * 1e9;
    if (from > result.lastEnd) {
      const length = ((result.lastEnd - result.firstStart) / 1e9).toFixed(3);
      throw new UsageError(`Cannot cut a window out of "${path}": the trace is ${length} s long`);
    }
    return { from, to };
  }
  const { steps, stepEnd } = result;
  if (steps.length === 0) {
    throw new UsageError(
      `Cannot cut iterations out of "${path}": its steps are not named; give --window seconds:0..1`,
    );
  }
  if (window.to >= steps.length) {
    throw new UsageError(
      `Cannot cut iterations ${window.from} to ${window.to} out of "${path}": it has the ` +
        `iterations 0 to ${steps.length - 1}`,
    );
  }
  const from = steps[window.from]!.start;
  let to = steps[window.to]!.end;
  for (let step = window.from; step <= window.to; step++) to = Math.max(to, stepEnd[step]!);
  return { from, to };
}
