/**
 * Whether a process that a bundle names still runs on this machine.
 *
 * @module
 */

import process from "node:process";
import type { FileSystem } from "../contract/context.ts";

/** A process as a bundle names it. */
export interface NamedProcess {
  pid: number;
  host?: string | undefined;
  /** Start time in clock ticks since boot (Linux): tells a process from a later one of that pid. */
  start_ticks?: string | undefined;
}

/** This process, as {@linkcode isAlive} recognises it. Needs system permission for the host name. */
export async function thisProcess(
  files: FileSystem,
): Promise<{ pid: number; host: string; start_ticks: string }> {
  return {
    pid: Deno.pid,
    host: Deno.hostname(),
    start_ticks: await startTicks(files, Deno.pid) ?? "",
  };
}

/** Whether the process runs; false where it is of another machine, which nobody can ask. */
export async function isAlive(files: FileSystem, named: NamedProcess): Promise<boolean> {
  if (named.host !== undefined && named.host !== Deno.hostname()) return false;
  if (Deno.build.os === "linux") {
    const ticks = await startTicks(files, named.pid);
    return ticks !== undefined && (!named.start_ticks || named.start_ticks === ticks);
  }
  try {
    process.kill(named.pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Field 22 of /proc/PID/stat; undefined for a process that is gone or a zombie. */
async function startTicks(files: FileSystem, pid: number): Promise<string | undefined> {
  try {
    const stat = await files.readTextFile(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch (error) {
    // Without a look at it nobody knows.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}
