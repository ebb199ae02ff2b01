/**
 * The processes of an export, and the GPUs that they used.
 *
 * nsys writes a process as a number of 64 bits: the virtual machine, the process and, in numbers of
 * threads, the thread, 24 bits for each of the last two.
 *
 * @module
 */

import { Steps } from "../activity/steps.ts";
import { type NsysExport, TABLES } from "./export.ts";
import { LaunchTimes } from "./launch_times.ts";

const THREAD = 2 ** 24;
const PID = 2 ** 24;

/** A process. */
export class Process {
  readonly launches = new LaunchTimes();
  readonly steps = new Steps();
  /** As nsys names it; absent where it does not. */
  name: string | undefined;
  kernels = 0;
  kernelTime = 0;
  communicationTime = 0;
  /** Numbers of the GPUs that it used. */
  readonly devices = new Set<number>();

  constructor(readonly index: number, readonly pid: number) {}

  /** The rank that its name tells, as `VLLM::Worker_TP1` or `Worker_TP0_EP0`. */
  get rank(): number | undefined {
    const [, told] = /(?:^|[_:])TP(\d+)/.exec(this.name ?? "") ?? [];
    return told === undefined ? undefined : Number(told);
  }
}

/** The processes, by nsys' numbers. */
export class Processes {
  readonly all: Process[] = [];
  #byKey = new Map<number, Process>();
  /** GPUs by process and number in CUDA. */
  #gpus = new Map<string, number>();
  readonly models = new Map<number, string>();

  /** The process of a number of a process or a thread. */
  of(globalId: number): Process {
    // Rows without a number belong to the one process, or to one of their own.
    const key = Number.isNaN(globalId) ? -1 : Math.floor(globalId / THREAD);
    let process = this.#byKey.get(key);
    if (!process) {
      process = key === -1 && this.all.length === 1
        ? this.all[0]!
        : new Process(this.all.length, key === -1 ? -1 : key % PID);
      if (process.index === this.all.length) this.all.push(process);
      this.#byKey.set(key, process);
    }
    return process;
  }

  /** The GPU that a process calls by a number: with CUDA_VISIBLE_DEVICES it may be another one. */
  gpu({ pid }: Process, device: number): number {
    return this.#gpus.get(`${pid} ${device}`) ?? device;
  }

  /** Reads what the export says of GPUs. */
  async readGpus(from: NsysExport): Promise<void> {
    const devices = from.cursor(TABLES.cudaDevices, ["gpuId", "cudaId", "pid"], 3);
    while (devices && (devices.step() || await from.turn(devices))) {
      const [gpu, device, pid] = devices.row.values;
      if (gpu! >= 0) this.#gpus.set(`${pid} ${device}`, gpu!);
    }
    for (const table of [TABLES.gpusOfOld, TABLES.gpus]) {
      const gpus = from.cursor(table, ["id", "name"], 0);
      while (gpus && (gpus.step() || await from.turn(gpus))) {
        const { row } = gpus;
        const model = row.text(1);
        if (row.values[0]! >= 0 && model) this.models.set(row.values[0]!, model);
      }
    }
  }

  /** Reads the names of the processes that are known by now. */
  async readNames(from: NsysExport): Promise<void> {
    const names = from.cursor(TABLES.processes, ["globalPid", "name"], 0);
    while (names && (names.step() || await from.turn(names))) {
      const { row } = names;
      const process = this.#byKey.get(Math.floor(row.values[0]! / THREAD));
      if (process) process.name ??= row.text(1);
    }
  }
}
