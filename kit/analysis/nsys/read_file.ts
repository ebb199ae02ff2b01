/**
 * One export, from its tables to the figures that stay.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { Activities } from "../activity/activities.ts";
import { Sweep } from "../activity/device_sweep.ts";
import { type FileSummary, summarizeFile, totalsOf } from "../activity/file_summary.ts";
import { StepSums } from "../activity/step_sums.ts";
import type { DurationTable } from "../activity/durations.ts";
import type { Tables } from "../activity/tables.ts";
import type { DiagnosticRow } from "../capture/launch_model.ts";
import type { Missing, RankRow } from "../capture/model.ts";
import type { ReadOptions } from "../capture/reader.ts";
import { readCalls } from "./calls.ts";
import type { Configurations } from "./configurations.ts";
import { DeviceRows } from "./device_rows.ts";
import { readDiagnostics, readVersion } from "./diagnostics.ts";
import { NsysExport } from "./export.ts";
import { type Process, Processes } from "./processes.ts";
import type { Ranges } from "./ranges.ts";

/** What all files of a run add to. */
export interface SharedTables {
  readonly tables: Tables;
  readonly ranges: Ranges;
  readonly configurations: Configurations;
  /** Graphs that were recorded as a whole. */
  readonly wholeGraphs: DurationTable;
}

/** What stays of a file. */
export interface ReadFile {
  readonly summary: FileSummary;
  /** A row for each process that ran kernels. */
  readonly ranks: readonly RankRow[];
  readonly diagnostics: readonly DiagnosticRow[];
  readonly missing: readonly Missing[];
  /** Rows of large tables. */
  readonly rows: number;
}

/**
 * Reads an export. Host first, so that each kernel finds its launch and its step at once.
 *
 * @throws DamagedDatabase when it is not whole. Memory: about 60 bytes for each kernel.
 */
export async function readFile(
  files: FileSystem,
  path: string,
  source: number,
  shared: SharedTables,
  options: ReadOptions,
): Promise<ReadFile> {
  const { tables, ranges, configurations } = shared;
  using from = await NsysExport.open(files, path, tables.names, options);
  const processes = new Processes();
  await processes.readGpus(from);
  const named = await ranges.read(from, processes);
  const calls = await readCalls(from, processes, tables.names, tables.calls);
  const activities = new Activities();
  const devices = new DeviceRows(from, processes, tables, activities, configurations);
  await devices.read();
  await processes.readNames(from);
  shared.wholeGraphs.merge(devices.wholeGraphs);

  const swept = sweep(tables, activities, processes);
  const version = await readVersion(from);
  const models = processes.models;
  const result = {
    ...swept,
    graphs: devices.graphs.size,
    graphLaunches: calls.graphLaunches,
    firstStart: Math.min(named.first, calls.first, devices.first),
    operatorsDisordered: false,
    paths: new Map(),
  };
  const used = [...new Set(processes.all.flatMap(({ devices }) => [...devices]))].sort();
  const summary = summarizeFile(tables, {
    source,
    path,
    rank: undefined,
    models,
    environment: {
      ...(used.some((gpu) => models.has(gpu))
        ? { devices: used.flatMap((gpu) => models.get(gpu) ?? []) }
        : {}),
      ...(version === undefined ? {} : { nsys_version: version }),
    },
  }, result);
  const damaged = calls.damaged + devices.damaged + named.damaged;
  return {
    summary,
    ranks: rankRows(source, path, processes, summary),
    diagnostics: await readDiagnostics(from),
    missing: [
      ...(from.isLonger
        ? [{
          path,
          reason: "The file is longer than its head tells: its writer may not have ended",
        }]
        : []),
      ...(named.open > 0
        ? [{
          path,
          reason: "NVTX ranges had not ended when the recording did, and are left out",
          events: named.open,
        }]
        : []),
      ...(damaged > 0
        ? [{
          path,
          reason: "Rows were left out: their times or devices make no sense",
          events: damaged,
        }]
        : []),
    ],
    rows: from.rows,
  };
}

/** Goes through what the GPUs did; the steps of the process with most of them come first. */
function sweep(tables: Tables, activities: Activities, processes: Processes) {
  const inOrder = processes.all.map((process) => ({ process, steps: process.steps.finish() }))
    .sort((a, b) => b.steps.length - a.steps.length);
  const offsets = new Map<Process, number>();
  let count = 0;
  for (const { process, steps } of inOrder) {
    offsets.set(process, count);
    count += steps.length;
  }
  const first = inOrder[0]?.steps ?? [];
  const sums = new StepSums(tables, inOrder.flatMap(({ steps }) => steps), first.length);
  const byIndex = processes.all.map((process) => ({ process, offset: offsets.get(process)! }));
  const swept = new Sweep({
    activities,
    communicates: (name) => tables.category(name) === "communication",
    hasSteps: () => count > 0,
    stepOf(row, launch) {
      const { process, offset } = byIndex[activities.thread(row)]!;
      const step = process.steps.at(launch);
      return step < 0 ? -1 : offset + step;
    },
    activity(row, step) {
      sums.take(activities, row, step);
      if (activities.isCopy(row) || activities.isGraph(row)) return;
      const { process } = byIndex[activities.thread(row)]!;
      const duration = activities.duration(row);
      process.kernels++;
      process.kernelTime += duration;
      if (tables.category(activities.name(row)) === "communication") {
        process.communicationTime += duration;
      }
    },
  });
  swept.advance(true);
  return {
    swept,
    steps: first,
    stepKernels: sums.kernels,
    stepTime: sums.time,
    phases: sums.phases,
    ...(sums.graphTime.size > 0 ? { graphTime: sums.graphTime } : {}),
    timeline: sums.timeline,
  };
}

function rankRows(
  source: number,
  path: string,
  { all }: Processes,
  { times }: FileSummary,
): RankRow[] {
  // Names are cut after 15 letters, before the rank: workers then come in the order of their GPUs.
  const order = ({ rank, devices }: Process) => rank ?? Math.min(...devices);
  const workers = all.filter(({ kernels }) => kernels > 0)
    .sort((a, b) => order(a) - order(b) || a.pid - b.pid);
  return workers.map((process): RankRow => {
    const { pid, name, rank, devices, kernelTime, communicationTime } = process;
    const steps = process.steps.sorted;
    const own = times.filter(({ device }) => devices.has(device));
    const alone = [...devices].every((gpu) =>
      all.every((one) => one === process || !one.devices.has(gpu))
    );
    const length = steps.reduce((sum, { start, end }) => sum + end - start, 0);
    return {
      source,
      path,
      ...(rank === undefined ? {} : { rank }),
      ...(pid < 0 ? {} : { pid }),
      ...(name === undefined ? {} : { process: name }),
      // Of a GPU that processes share, no one's part of the busy time is known.
      ...(alone ? { gpu: totalsOf(own) } : {}),
      compute_ns: kernelTime - communicationTime,
      communication_ns: communicationTime,
      ...(alone
        ? {
          exposed_communication_ns: own.reduce((sum, one) => sum + one.busy - one.computeBusy, 0),
        }
        : {}),
      ...(steps.length === 0
        ? {}
        : { iterations: steps.length, step_mean_ms: length / steps.length / 1e6 }),
    };
  });
}
