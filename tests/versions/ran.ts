/**
 * What came of the hooks in real runs: ran.json, written by `./dev versions --run`.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** A hook in a run; of several processes the one where it attached counts. */
export interface RanHook {
  readonly name: string;
  readonly symbol: string;
  readonly status: "attached" | "absent" | "failed";
  readonly reason?: string;
}

/** One version on one kind of machine. */
export interface Ran {
  readonly vllm: string;
  /** What it ran on, as `CPU`. */
  readonly on: string;
  /** Day of the run. */
  readonly date: string;
  /** What ran it, or where the run is written down. */
  readonly by: string;
  readonly python: string;
  readonly torch: string;
  /** What was checked, each with its figures. */
  readonly checks: readonly string[];
  readonly hooks: readonly RanHook[];
}

/** The file, beside this one. */
export const RAN_FILE = fileURLToPath(new URL("./ran.json", import.meta.url));

/** All runs. */
export async function readRan(path = RAN_FILE): Promise<Ran[]> {
  return JSON.parse(await Deno.readTextFile(path));
}

/** Takes a run into the file, in place of an older one of the same version and machine. */
export async function writeRan(run: Ran, path = RAN_FILE): Promise<void> {
  const others = (await readRan(path)).filter(({ vllm, on }) => vllm !== run.vllm || on !== run.on);
  const all = [...others, run].sort((a, b) =>
    a.vllm.localeCompare(b.vllm, "en", { numeric: true }) || a.on.localeCompare(b.on)
  );
  await Deno.writeTextFile(path, JSON.stringify(all, null, 2) + "\n");
}

/** Hooks of one or more bundles, one entry per profiler and symbol. */
export function hooksOf(listed: readonly RanHook[]): RanHook[] {
  const rank = { failed: 2, attached: 1, absent: 0 };
  const found = new Map<string, RanHook>();
  for (const { name, symbol, status, reason } of listed) {
    const key = `${name} ${symbol}`;
    const known = found.get(key);
    if (known && rank[known.status] >= rank[status]) continue;
    found.set(key, {
      name,
      symbol,
      status,
      ...(status === "attached" || reason === undefined ? {} : { reason }),
    });
  }
  return [...found.values()].sort((a, b) =>
    `${a.name} ${a.symbol}`.localeCompare(`${b.name} ${b.symbol}`)
  );
}
