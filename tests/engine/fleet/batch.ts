/** Small batches on a stand-in of the Jobs API, or on this machine alone, with an engine that costs nothing. */

import { fileURLToPath } from "node:url";
import { systemContext } from "../../../kit/engine/system/context.ts";
import type { BatchCost } from "../../../kit/fleet/cost.ts";
import { journalOf } from "../../../kit/fleet/journals.ts";
import { readPieces, received } from "../../../kit/fleet/pieces.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import recipe from "../../../recipes/sweep_all.ts";
import { namesIn } from "../../folders.ts";
import { runRecipe } from "../run_recipe.ts";
import type { JobsApi } from "./jobs_api.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
/** A model without. */
export const DENSE = "Qwen/Qwen3-0.6B";
/** A model with experts. */
export const EXPERTS = "mistralai/Mixtral-8x7B-v0.1";
/** What is small, unless a test says otherwise. */
const MEASURED: readonly (readonly [string, string])[] = [
  ["--only", "dense,per_sequence"],
  ["--max-num-batched-tokens", "16"],
  ["--max-num-seqs", "4"],
];

/** Time that passes ten times as quickly. */
function quickClock() {
  const { context: { clock } } = systemContext({ quiet: true, verbose: false, color: false });
  return {
    ...clock,
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms / 10, signal),
    monotonicMs: () => clock.monotonicMs() * 10,
  };
}

/** Runs `vscope sweep-all` on the cluster, or alone where there is none. */
export async function sweepAll(
  cwd: string,
  api: JobsApi | undefined,
  args: string[],
  ctrlC?: AbortController,
  env: Record<string, string> = {},
) {
  const several = args.filter((word) => word === "--hardware").length > 1;
  const dir = `${cwd}/perf${several ? "" : api ? "/H" : "/ALONE"}`;
  const otherwise = (flag: string, ...words: string[]) =>
    args.includes(flag) ? [] : [flag, ...words];
  const place = [
    ...["--python", FAKE, "--json"],
    ...MEASURED.flatMap(([flag, value]) => otherwise(flag, value)),
    ...otherwise("--tp-degrees", "1,2"),
    ...otherwise("--hardware", api ? "H=ray:tiny" : "ALONE"),
    // A machine that is busy makes jobs late.
    ...api ? otherwise("--stragglers", "leave") : [],
    ...api ? [...otherwise("--on", api.url), "--job-gpus", "0"] : [],
  ];
  const ran = await runRecipe<{ fleet: { cost: BatchCost } }>(
    recipe as never,
    [...place, ...args],
    {
      cwd,
      out: dir,
      env: { ...Deno.env.toObject(), HF_HUB_OFFLINE: "1", ...env },
      ...(api ? { clock: quickClock() } : {}),
      ...(ctrlC ? { ctrlC } : {}),
    },
  );
  // deno-lint-ignore no-explicit-any -- a document
  const sweeps = (ran.json as any).sweeps as {
    model: string;
    hardware?: string;
    status: string;
    kept: boolean;
    reason?: string;
  }[];
  return { ...ran, sweeps, dir };
}

/** Each time of a sweep's journal. */
export async function timesOf(dir: string): Promise<string[]> {
  return (await readJournal(Deno, dir)).shots.flatMap(({ tp, k, us }) =>
    Object.keys(us).map((layer) => `${tp} ${layer} ${k}`)
  ).sort();
}

/** The tables of a sweep; the engine's times follow a formula, so that they are the same everywhere. */
export async function tablesOf(dir: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const tp of ["tp1", "tp2"]) {
    for (const name of await namesIn(`${dir}/${tp}`)) {
      found[`${tp}/${name}`] = await Deno.readTextFile(`${dir}/${tp}/${name}`);
    }
  }
  return found;
}

/** Whether shots have come. */
export async function somethingIsHome(cwd: string): Promise<boolean> {
  const kept = `${cwd}/perf/H/fleet`;
  for (const unit of await namesIn(kept)) {
    const text = await Deno.readTextFile(`${kept}/${unit}/1.pieces`).catch(() => "");
    if (journalOf(received(readPieces(text)).journal).shots.length > 0) return true;
  }
  return false;
}
