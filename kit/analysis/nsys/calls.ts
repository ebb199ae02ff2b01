/**
 * Calls of CUDA's libraries: durations by name, and when each launch was made.
 *
 * @module
 */

import { Call, callKind } from "../activity/calls.ts";
import type { DurationTable } from "../activity/durations.ts";
import type { Names } from "../activity/names.ts";
import { type NsysExport, TABLES } from "./export.ts";
import type { Process, Processes } from "./processes.ts";

/** What the calls of a file told beside their durations. */
export interface CallFacts {
  graphLaunches: number;
  /** Calls that end before they begin. */
  damaged: number;
  first: number;
}

/** Reads the calls of a file into `table`. */
export async function readCalls(
  from: NsysExport,
  processes: Processes,
  names: Names,
  table: DurationTable,
): Promise<CallFacts> {
  const facts: CallFacts = { graphLaunches: 0, damaged: 0, first: Infinity };
  const kinds: Call[] = [];
  /** Names without the version of the interface, by the number of the text. */
  const short = new Map<number, number>();
  for (const source of [TABLES.calls, TABLES.driverCalls]) {
    const cursor = from.cursor(source, ["start", "end", "nameId", "correlationId", "globalTid"], 3);
    if (!cursor) continue;
    const { values } = cursor.row;
    let thread = NaN;
    let process: Process | undefined;
    while (cursor.step() || await from.turn(cursor)) {
      from.rows++;
      const start = values[0]!;
      const duration = values[1]! - start;
      if (!(duration >= 0)) {
        facts.damaged++;
        continue;
      }
      let name = short.get(values[2]!);
      if (name === undefined) {
        name = names.idOf(withoutVersion(names.text(await from.name(values[2]!))));
        short.set(values[2]!, name);
        kinds[name] = callKind(names.text(name));
      }
      if (start < facts.first) facts.first = start;
      table.of(name).add(duration);
      const kind = kinds[name]!;
      if (kind === Call.Other) continue;
      if (values[4] !== thread || !process) process = processes.of(thread = values[4]!);
      if (kind === Call.GraphLaunch) facts.graphLaunches++;
      process.launches.add(values[3]!, start, kind === Call.GraphLaunch);
    }
  }
  return facts;
}

/** `cudaLaunchKernel_v7000` is cudaLaunchKernel: four digits are left out, as `nsys stats` does. */
function withoutVersion(name: string): string {
  return name.replace(/_v\d{4}$/, "");
}
