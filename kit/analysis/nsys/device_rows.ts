/**
 * What the GPUs did, out of an export's tables of kernels, graphs, copies and fills.
 *
 * @module
 */

import { type Activities, Activity } from "../activity/activities.ts";
import { DurationTable } from "../activity/durations.ts";
import type { Tables } from "../activity/tables.ts";
import { CONFIGURATION_COLUMNS, type Configurations } from "./configurations.ts";
import { type NsysExport, TABLES } from "./export.ts";
import type { Process, Processes } from "./processes.ts";

/** The columns that all of them have; the first two are needed. */
const COMMON = ["start", "end", "deviceId", "streamId", "correlationId", "globalPid"] as const;

/** Names of copies by CUPTI's numbers. */
const COPY_KINDS: Readonly<Record<number, string>> = {
  1: "HtoD",
  2: "DtoH",
  3: "HtoA",
  4: "AtoH",
  5: "AtoA",
  6: "AtoD",
  7: "DtoA",
  8: "DtoD",
  9: "HtoH",
  10: "PtoP",
  11: "Unified HtoD",
  12: "Unified DtoH",
  13: "Unified DtoD",
};

/** Reads activities of one file. */
export class DeviceRows {
  /** Durations of graphs that were recorded as a whole. */
  readonly wholeGraphs = new DurationTable();
  /** Graphs that kernels belong to. */
  readonly graphs = new Set<number>();
  /** Activities that could not be used. */
  damaged = 0;
  first = Infinity;
  #lastPid = NaN;
  #lastDevice = NaN;
  #process!: Process;
  #gpu = 0;

  constructor(
    private readonly from: NsysExport,
    private readonly processes: Processes,
    private readonly tables: Tables,
    private readonly activities: Activities,
    private readonly configurations: Configurations,
  ) {}

  /** Reads all of them. */
  async read(): Promise<void> {
    await this.#kernels();
    await this.#wholeGraphs();
    await this.#copies();
    await this.#fills();
  }

  async #kernels(): Promise<void> {
    const { from, tables, configurations } = this;
    const columns = from.columns(TABLES.kernels) ?? [];
    const name =
      ["demangledname", "shortname", "mangledname"].find((one) => columns.includes(one)) ??
        "demangledName";
    const cursor = from.cursor(TABLES.kernels, [
      ...COMMON.slice(0, 2),
      name,
      ...COMMON.slice(2),
      "graphNodeId",
      ...CONFIGURATION_COLUMNS,
    ], 3);
    if (!cursor) return;
    const { values } = cursor.row;
    const hasConfigurations = columns.includes("gridx");
    let lastNode = NaN;
    while (cursor.step() || await from.turn(cursor)) {
      from.rows++;
      const start = values[0]!;
      const duration = values[1]! - start;
      if (!this.#locate(values, 3) || !(duration >= 0)) {
        this.damaged++;
        continue;
      }
      const id = values[2]!;
      const name = from.known(id) ?? await from.name(id);
      const node = values[7]!;
      const row = this.#add(Activity.Kernel, name, start, duration, values[4]!, values[5]!);
      tables.kernels.of(name).add(duration);
      if (hasConfigurations) configurations.add(name, values, 8, duration);
      if (node > 0) {
        this.activities.markGraph(row);
        // The upper half of a node's number is that of its graph.
        const graph = Math.floor(node / 2 ** 32);
        if (graph !== lastNode) this.graphs.add((lastNode = graph) + this.#process.index * 2 ** 32);
      }
    }
  }

  async #wholeGraphs(): Promise<void> {
    const { from, tables } = this;
    const cursor = from.cursor(TABLES.graphs, [...COMMON, "graphId"], 2);
    if (!cursor) return;
    const { values } = cursor.row;
    while (cursor.step() || await from.turn(cursor)) {
      from.rows++;
      const start = values[0]!;
      const duration = values[1]! - start;
      if (!this.#locate(values, 2) || !(duration >= 0)) {
        this.damaged++;
        continue;
      }
      const name = tables.names.idOf(values[6]! >= 0 ? `CUDA graph ${values[6]}` : "CUDA graph");
      this.#add(Activity.Graph, name, start, duration, values[3]!, values[4]!);
      this.wholeGraphs.of(name).add(duration);
    }
  }

  async #copies(): Promise<void> {
    const cursor = this.from.cursor(TABLES.copies, [...COMMON, "copyKind", "bytes"], 2);
    if (!cursor) return;
    const { values } = cursor.row;
    while (cursor.step() || await this.from.turn(cursor)) {
      const kind = values[6]!;
      this.#copy(values, COPY_KINDS[kind] ?? (Number.isNaN(kind) ? "copy" : `kind ${kind}`));
    }
  }

  async #fills(): Promise<void> {
    const cursor = this.from.cursor(TABLES.fills, [...COMMON, "value", "bytes"], 2);
    if (!cursor) return;
    while (cursor.step() || await this.from.turn(cursor)) this.#copy(cursor.row.values, "memset");
  }

  #copy(values: Float64Array, kind: string): void {
    this.from.rows++;
    const start = values[0]!;
    const duration = values[1]! - start;
    if (!this.#locate(values, 2) || !(duration >= 0)) {
      this.damaged++;
      return;
    }
    const name = this.tables.names.idOf(kind === "memset" ? "Memset" : `Memcpy ${kind}`);
    this.#add(Activity.Copy, name, start, duration, values[3]!, values[4]!);
    this.tables.copy(kind, duration, values[7]!);
  }

  /** Finds the process and GPU of a row whose device stands at a place; false where it tells none. */
  #locate(values: Float64Array, place: number): boolean {
    const device = values[place]!;
    const pid = values[place + 3]!;
    if (device === this.#lastDevice && pid === this.#lastPid) return true;
    if (!(device >= 0)) return false;
    this.#lastDevice = device;
    this.#lastPid = pid;
    this.#process = this.processes.of(pid);
    this.#gpu = this.processes.gpu(this.#process, device);
    this.#process.devices.add(this.#gpu);
    return true;
  }

  #add(
    kind: Activity,
    name: number,
    start: number,
    duration: number,
    stream: number,
    correlation: number,
  ): number {
    const { activities } = this;
    const { launches, index } = this.#process;
    if (start < this.first) this.first = start;
    const row = activities.add(
      kind,
      activities.lane(this.#gpu, stream),
      name,
      start,
      duration,
      -1,
    );
    activities.launched(row, launches.time(correlation), index);
    if (kind === Activity.Kernel && launches.isGraph(correlation)) activities.markGraph(row);
    return row;
  }
}
