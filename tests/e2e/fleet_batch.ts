/**
 * A small batch on a cluster, whose engines come to a halt in the midst of their shots until a gate is opened:
 * whatever is to go wrong while units are measured goes wrong then, however fast the machine is.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { journalOf } from "../../kit/fleet/journals.ts";
import { readPieces, received } from "../../kit/fleet/pieces.ts";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { SWEEP_TABLES } from "../../kit/sweep/sweep_tables.ts";
import { readTable } from "../../kit/sweep/table.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { type Ran, startVscope, vscopeHere } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";
import { type RayCluster, type RayShape, withRay } from "./ray.ts";

const CATEGORIES = ["dense", "per_sequence", "attention"] as const;
const TIMER = fileURLToPath(new URL("scripts/waiting_timer.py", import.meta.url));
const GRID = ["--max-num-batched-tokens", "16", "--max-num-seqs", "4", "--attention-max-kv", "64"];
/** A machine that has a lot to do takes long to start Ray, or an engine. */
const PATIENCE_MS = 300_000;

/** A vscope whose words can be read while it runs. */
export interface FleetRun {
  readonly child: Deno.ChildProcess;
  readonly said: { stdout: string; stderr: string };
  readonly over: Promise<Ran>;
  ended: boolean;
}

/** The batch. */
export class FleetBatch {
  readonly #runs: FleetRun[] = [];

  constructor(
    readonly cwd: string,
    readonly ray: RayCluster,
    private readonly models: readonly string[],
    private readonly measured: readonly string[],
  ) {}

  /** Its folder. */
  get dir(): string {
    return `${this.cwd}/perf/FLEET`;
  }

  /** Runs vscope. */
  start(): FleetRun {
    const place = ["--on", this.ray.url, "--hardware", "FLEET=ray:tiny", "--job-gpus", "0"];
    const args = ["sweep-all", ...this.models, "--json", ...this.measured, ...place];
    const child = startVscope(args, { cwd: this.cwd, env: OFFLINE_ENV });
    const said = { stdout: "", stderr: "" };
    const listen = async (name: "stdout" | "stderr") => {
      const texts = child[name].pipeThrough(new TextDecoderStream());
      for await (const text of texts) said[name] += text;
    };
    const over = Promise.all([child.status, listen("stdout"), listen("stderr")])
      .then(([{ code }]) => ({ code, ...said }));
    const run = { child, said, over, ended: false };
    child.status.then(() => run.ended = true);
    this.#runs.push(run);
    return run;
  }

  /** Waits; fails at once where vscope ends before. */
  async until(what: string, run: FleetRun, check: () => Promise<boolean> | boolean): Promise<void> {
    await until(what, PATIENCE_MS, async () => {
      if (await check()) return true;
      if (run.ended) throw new Error(`vscope ended before: ${what}\n${JSON.stringify(run.said)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
      return false;
    });
  }

  /** Waits until so many units have shots at home. Their engines are at the gate, or will be. */
  async unitsAtGate(run: FleetRun, units: number): Promise<void> {
    await this.until(`${units} units have shots at home`, run, async () => {
      let found = 0;
      for (const unit of await namesIn(`${this.dir}/fleet`)) {
        if (await shotsIn(`${this.dir}/fleet/${unit}`) > 0) found++;
      }
      return found >= units;
    });
  }

  /** Waits until Ray has told of a job that failed. */
  async jobFailed(run: FleetRun): Promise<void> {
    await this.until("Ray tells of the job that is lost", run, async () => {
      return (await this.ray.jobs()).some(({ status }) => status === "FAILED");
    });
  }

  /** Lets the engines go on, and those that are started later pass. */
  async openGate(): Promise<void> {
    await Deno.writeTextFile(gateIn(this.cwd), "");
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const { child, ended, over } of this.#runs) {
      if (!ended) child.kill("SIGKILL");
      await over;
    }
  }
}

/** Runs `use` with a batch of models, which are all the tiny one, at the TP degrees 1 and 2. */
export async function withFleetBatch(
  shape: RayShape,
  models: readonly string[],
  use: (batch: FleetBatch, measured: readonly string[]) => Promise<void>,
): Promise<void> {
  const { python, model } = await engine();
  await inFolder(async (cwd) => {
    for (const name of models) {
      await Deno.mkdir(`${cwd}/${name}`);
      await Deno.copyFile(`${model}/config.json`, `${cwd}/${name}/config.json`);
    }
    const measured = [
      ...["--python", python, "--tp-degrees", "1,2", "--timer", TIMER],
      ...["--only", CATEGORIES.join(), ...GRID],
    ];
    const env = { ...OFFLINE_ENV, VSCOPE_TEST_GATE: gateIn(cwd) };
    await withRay(shape, env, async (ray) => {
      const batch = new FleetBatch(cwd, ray, models, measured);
      try {
        await use(batch, measured);
      } finally {
        await batch.close();
      }
    });
  });
}

/** A bundle that came home is sound, has the keys that its plan lists, and no time twice. */
export async function asPlanned(dir: string, cwd: string, model: string): Promise<void> {
  assert.deepEqual(await validateBundle(Deno, dir), []);
  assert.deepEqual(await validateSweep(Deno, dir), []);
  const room = ["--assume-max-model-len", "2048", "--assume-cache-tokens", "8192"];
  for (const name of CATEGORIES) {
    const list = ["sweep", "--model", model, "--list", name, "--dry-run", ...GRID, ...room];
    const { code, stdout, stderr } = await vscopeHere(list, { cwd });
    assert.equal(code, 0, stderr);
    const wanted = stdout.trim().split("\n").slice(1);
    assert.ok(wanted.length > 0);
    for (const tp of [1, 2]) assert.deepEqual(await keysOf(dir, tp, name), wanted, `${tp} ${name}`);
  }
  const times = await timesOf(dir);
  assert.equal(new Set(times).size, times.length);
}

/** Two bundles have the same keys in their tables, and shots of the same times in their journals. */
export async function sameKeys(one: string, other: string): Promise<void> {
  for (const tp of [1, 2]) {
    for (const name of CATEGORIES) {
      assert.deepEqual(await keysOf(one, tp, name), await keysOf(other, tp, name));
    }
  }
  assert.deepEqual((await timesOf(one)).sort(), (await timesOf(other)).sort());
}

const gateIn = (cwd: string) => `${cwd}/gate`;

/** Shots that are home of a unit. */
async function shotsIn(dir: string): Promise<number> {
  let shots = 0;
  for (const name of await namesIn(dir)) {
    const pieces = readPieces(await Deno.readTextFile(`${dir}/${name}`));
    shots += journalOf(received(pieces).journal).shots.length;
  }
  return shots;
}

/** The keys of a table at a TP degree, as texts. */
async function keysOf(
  dir: string,
  tp: number,
  name: (typeof CATEGORIES)[number],
): Promise<string[]> {
  const table = (await readTable(Deno, `${dir}/tp${tp}/${name}.csv`))!;
  const columns = SWEEP_TABLES[name].key.map((key) => table.header.indexOf(key));
  return table.rows.map(({ cells }) => columns.map((place) => cells[place]).join());
}

/** Each time of a sweep's journal: the TP degree, the layer and the shot. */
async function timesOf(dir: string): Promise<string[]> {
  return (await readJournal(Deno, dir)).shots.flatMap(({ tp, k, us }) =>
    Object.keys(us).map((layer) => `${tp} ${layer} ${k}`)
  );
}
