/**
 * The processes of a running session, read again when one of their records has changed.
 *
 * @module
 */

import { PROCESSES, type RawProcess, readRawProcesses } from "../../bundle/merge/raw_session.ts";
import type { FileSystem } from "../../contract/context.ts";

/** The list. */
export class ProcessList {
  #version = "";
  processes: readonly RawProcess[] = [];
  unreadable: readonly string[] = [];

  /** Looks for changes. Needs read permission. */
  async look(files: FileSystem, dir: string): Promise<void> {
    const folder = `${dir}/${PROCESSES}`;
    const stamps: string[] = [];
    try {
      for await (const { name, isDirectory } of files.readDir(folder)) {
        if (!isDirectory) continue;
        for (const record of ["process.json", "losses.json"]) {
          const found = await files.stat(`${folder}/${name}/${record}`).catch(() => undefined);
          stamps.push(`${name}/${record}/${found?.mtime?.getTime()}/${found?.size}/${found?.ino}`);
        }
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const version = stamps.sort().join();
    if (version === this.#version) return;
    const read = await readRawProcesses(files, dir);
    // Of a record that is being replaced the last state counts.
    const kept = this.processes.filter(({ name }) => read.unreadable.includes(name));
    this.processes = [...read.processes, ...kept];
    this.unreadable = read.unreadable.filter((name) => !kept.some((one) => one.name === name));
    this.#version = version;
  }

  /** Whether any process has a hook of that profiler at work, or failed. */
  watched(profiler: string): boolean {
    return this.processes.some(({ hooks }) =>
      hooks.some(({ name, status }) => name === profiler && status !== "absent")
    );
  }

  /** Whether any process has told what became of that profiler. */
  told(profiler: string): boolean {
    return this.processes.some(({ hooks }) => hooks.some(({ name }) => name === profiler));
  }
}
