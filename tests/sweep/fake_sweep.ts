/** Whole sweeps with an engine that costs nothing. */

import { fileURLToPath } from "node:url";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { numberIn, readTable } from "../../kit/sweep/table.ts";
import { vscope, vscopeHere } from "../cli.ts";

const FAKE = fileURLToPath(new URL("fixtures/fake_python.py", import.meta.url));
/** What a sweep is told, but for its TP degrees. */
export const OPTIONS = [
  ...["--model", "Qwen/Qwen3-30B-A3B-Instruct-2507", "--hardware", "H", "--python", FAKE, "--json"],
  ...["--max-num-batched-tokens", "16", "--max-num-seqs", "4", "--attention-max-kv", "512"],
  ...["--attention-kv-factor", "8", "--attention-chunk-factor", "4", "--skew-kvs-factor", "4"],
];
/** Its bundle, in the folder that it is run in. */
export const BUNDLE = "perf/H/Qwen/Qwen3-30B-A3B-Instruct-2507/bf16";
/** One TP degree. */
export const ONE = ["--tp-degrees", "1"];

/** Runs a sweep to its end. */
export async function sweep(
  cwd: string,
  args: string[],
  env: Record<string, string> = {},
  options = OPTIONS,
) {
  // One that is killed is a process of its own.
  const run = env["FAKE_CUT"] === undefined ? vscopeHere : vscope;
  const ran = await run(["sweep", ...options, ...args], { cwd, env });
  const dir = `${cwd}/${BUNDLE}`;
  const json = ran.stdout === "" ? {} : JSON.parse(ran.stdout);
  return { ...ran, dir, json, journal: await readJournal(Deno, dir) };
}

/** A column of one of its tables. */
export async function column(dir: string, file: string, name: string): Promise<number[]> {
  const table = (await readTable(Deno, `${dir}/${file}`))!;
  const place = table.header.indexOf(name);
  return table.rows.map(({ cells }) => numberIn(cells[place])!);
}
