/** Processes that have a variable in their environment, however they came to be: what they listen on, and their end. */

import { runs } from "../engine/processes.ts";

/** A variable with a value of its own. */
export type Mark = Readonly<Record<string, string>>;

/**
 * Processes with the mark, but for zombies. Ray and vLLM write a process title over a part of the environment, which
 * may be that of the mark: who starts such processes ends them by other means.
 */
export async function marked(mark: Mark): Promise<number[]> {
  const wanted = Object.entries(mark).map(([name, value]) => `${name}=${value}`);
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const text = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    const variables = new Set(text.split("\0"));
    if (wanted.every((one) => variables.has(one)) && await runs(Number(name))) {
      found.push(Number(name));
    }
  }
  return found;
}

/** Addresses on which processes with the mark listen, without the ports. */
export async function listenersOf(mark: Mark): Promise<string[]> {
  const sockets = new Set<string>();
  for (const pid of await marked(mark)) {
    try {
      for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
        const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
        const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
        if (inode !== undefined) sockets.add(inode);
      }
    } catch {
      // It has ended.
    }
  }
  const found: string[] = [];
  for (const [table, address] of [["tcp", version4], ["tcp6", version6]] as const) {
    const text = await Deno.readTextFile(`/proc/net/${table}`).catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      // 0A is LISTEN.
      if (state === "0A" && sockets.has(inode!)) found.push(address(local!.split(":")[0]!));
    }
  }
  return found;
}

/** Ends what still runs with the mark after a while in which it may end by itself; throws where there was any. */
export async function endMarked(mark: Mark, patienceMs = 60_000): Promise<void> {
  const until = Date.now() + patienceMs;
  let left = await marked(mark);
  while (left.length > 0 && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    left = await marked(mark);
  }
  const names: string[] = [];
  for (const pid of left) {
    names.push(
      (await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")).replaceAll("\0", " "),
    );
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
  if (left.length > 0) throw new Error(`Processes were left:\n${names.join("\n")}`);
}

/** The kernel writes the words of an address as the machine has them in memory. */
function version4(hex: string): string {
  return bytesOf(hex).join(".");
}

function version6(hex: string): string {
  const bytes = bytesOf(hex);
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return "::1";
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255) {
    return bytes.slice(12).join(".");
  }
  return `ip6 ${hex}`;
}

function bytesOf(hex: string): number[] {
  const words = hex.match(/.{8}/g)!;
  return words.flatMap((word) => word.match(/../g)!.reverse().map((two) => parseInt(two, 16)));
}
