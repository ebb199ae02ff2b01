/**
 * The launches of files, from their pages `raw` and `details`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { Launch, type LaunchIdentity } from "./launch.ts";
import { type MetricName, metricsOf, TENSOR_OPERATIONS } from "./metrics.ts";
import { NumberStyle } from "./numbers.ts";

/** The columns that both pages have. */
const IDENTITY = [
  "ID",
  "Process ID",
  "Process Name",
  "Host Name",
  "Kernel Name",
  "Kernel Time",
  "Context",
  "Stream",
  "Block Size",
  "Grid Size",
  "Device",
  "CC",
];

const DEVICE_NAME = "device__attribute_display_name";

interface Head {
  readonly page: "raw" | "details";
  readonly width: number;
  readonly place: (column: string) => number;
  /** Of the page `raw`: the columns that are read. */
  readonly columns: readonly {
    readonly place: number;
    readonly name: string;
    readonly metrics: readonly MetricName[];
  }[];
  units: readonly string[];
}

/** Takes tables record by record. */
export class LaunchTable {
  /** Over all files: a program does not change its language. */
  readonly style = new NumberStyle();
  /** Records of a wrong width: output of the program, or damage. */
  strange = 0;
  readonly #launches = new Map<string, Launch>();
  /** How many files of each page there were: the n-th of each are of one report. */
  readonly #files = { raw: 0, details: 0 };
  #pageCounted = false;
  #head: Head | undefined;

  /** The records of another file follow. */
  open(): void {
    this.#head = undefined;
    this.#pageCounted = false;
  }

  /**
   * The head of a table.
   *
   * @throws UsageError when the table is a summary of launches.
   */
  header(path: string, cells: readonly string[]): void {
    if (cells.includes("Invocations")) {
      throw new UsageError(
        `Cannot analyze "${path}": it is a summary over launches; export each launch, without ` +
          "--print-summary: ncu --import X.ncu-rep --csv --page raw",
      );
    }
    const page = cells.includes("Metric Name") && cells.includes("Metric Value")
      ? "details"
      : "raw";
    if (!this.#pageCounted) this.#files[page]++;
    this.#pageCounted = true;
    const columns = page === "details" ? [] : cells.flatMap((name, place) => {
      const metrics = metricsOf(name);
      const read = metrics.length > 0 || TENSOR_OPERATIONS.test(name) || name === DEVICE_NAME;
      return read && !IDENTITY.includes(name) ? [{ place, name, metrics }] : [];
    });
    this.#head = {
      page,
      width: cells.length,
      place: (column) => cells.indexOf(column),
      columns,
      units: [],
    };
  }

  /** A record under the last head. */
  record(cells: readonly string[]): void {
    const head = this.#head!;
    const cell = (column: string) => cells[head.place(column)]?.trim() ?? "";
    const isUnits = head.page === "raw" && cell("Kernel Name") === "" && cell("ID") === "" &&
      cells.length === head.width;
    if (isUnits) {
      head.units = cells;
      return;
    }
    const enough = head.page === "raw"
      ? cells.length === head.width
      : cells.length > head.place("Metric Value") && cells.length <= head.width + 1;
    if (!enough || cell("Kernel Name") === "" || !/^\d+$/.test(cell("ID"))) {
      this.strange++;
      return;
    }
    const launch = this.#launchOf(head, cell);
    if (head.page === "details") this.#takeDetail(launch, cell);
    else this.#takeRow(launch, head, cells);
  }

  #takeRow(launch: Launch, { columns, units }: Head, cells: readonly string[]): void {
    for (const { place, name, metrics } of columns) {
      const text = cells[place]!.trim();
      if (takeDeviceName(launch, name, text)) continue;
      this.style.look(text);
      launch.take(name, units[place]?.trim() ?? "", text, metrics);
    }
  }

  #takeDetail(launch: Launch, cell: (column: string) => string): void {
    const name = cell("Metric Name");
    if (name === "") return;
    const text = cell("Metric Value");
    if (takeDeviceName(launch, name, text)) return;
    this.style.look(text);
    launch.take(name, cell("Metric Unit"), text, metricsOf(name));
  }

  #launchOf({ page }: Head, cell: (column: string) => string): Launch {
    const [name, id, processId] = [cell("Kernel Name"), cell("ID"), cell("Process ID")];
    const key = [this.#files[page], processId, id, name].join("\n");
    let launch = this.#launches.get(key);
    if (!launch) {
      const told = (column: string) => cell(column) || undefined;
      const [grid, block] = [dimensions(told("Grid Size")), dimensions(told("Block Size"))];
      const identity: LaunchIdentity = {
        name,
        id,
        ...(processId === "" ? {} : { processId }),
        ...(grid === undefined ? {} : { grid }),
        ...(block === undefined ? {} : { block }),
        ...(told("Device") === undefined ? {} : { device: told("Device")! }),
        ...(told("CC") === undefined ? {} : { computeCapability: told("CC")! }),
      };
      this.#launches.set(key, launch = new Launch(identity));
    }
    return launch;
  }

  /** The launches, in the order of the files. */
  launches(): Launch[] {
    return [...this.#launches.values()];
  }
}

/** Whether a figure was the device's name; some versions number devices in it. */
function takeDeviceName(launch: Launch, name: string, text: string): boolean {
  if (name !== DEVICE_NAME) return false;
  const plain = text.replace(/ \(\d+\)$/, "");
  if (plain !== "") launch.deviceName = plain;
  return true;
}

/** The three numbers of `(1024, 1, 1)`; nothing of anything else. */
function dimensions(text: string | undefined): readonly [number, number, number] | undefined {
  const found = /^\(?\s*(\d+)[,;x]\s*(\d+)[,;x]\s*(\d+)\s*\)?$/.exec(text ?? "");
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined;
}
