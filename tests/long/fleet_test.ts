/**
 * A batch on a real Ray, with engines of the real CPU vLLM: vscope is killed in its midst, a node is lost,
 * and what comes home is what one machine measures.
 */

import assert from "node:assert/strict";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { SWEEP_TABLES } from "../../kit/sweep/sweep_tables.ts";
import { readTable } from "../../kit/sweep/table.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { startVscope, vscope } from "../cli.ts";
import { engine, OFFLINE_ENV } from "../e2e/engine.ts";
import { inFolder } from "../folders.ts";
import { withRay } from "../e2e/ray.ts";

const MODELS = ["tiny-one", "tiny-two"];
/** The keys of each table of a sweep, as texts. */
async function keysOf(dir: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const tp of [1, 2]) {
    for (const name of ["dense", "per_sequence", "attention"] as const) {
      const table = (await readTable(Deno, `${dir}/tp${tp}/${name}.csv`))!;
      const columns = SWEEP_TABLES[name].key.map((key) => table.header.indexOf(key));
      found[`tp${tp}/${name}`] = table.rows.map(({ cells }) =>
        columns.map((place) => cells[place]).join()
      );
    }
  }
  return found;
}

/** Reads events until one has what is waited for. */
async function heard(
  child: Deno.ChildProcess,
  // deno-lint-ignore no-explicit-any -- documents
  wanted: (event: any) => boolean,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (lines.some((line) => line.startsWith("{") && wanted(JSON.parse(line)))) return;
  }
  throw new Error("vscope ended before the event came");
}

Deno.test("a batch on Ray whose vscope is killed and that loses a node has the keys of one machine", async () => {
  const { python, model } = await engine();
  await inFolder(async (cwd) => {
    const config = await Deno.readTextFile(`${model}/config.json`);
    for (const name of MODELS) {
      await Deno.mkdir(`${cwd}/${name}`);
      await Deno.writeTextFile(`${cwd}/${name}/config.json`, config);
    }
    const measured = [
      ...["sweep-all", ...MODELS, "--python", python, "--tp-degrees", "1,2"],
      ...["--only", "dense,per_sequence,attention", "--max-num-batched-tokens", "32"],
      ...["--max-num-seqs", "8", "--attention-max-kv", "256", "--measurement-iterations", "12"],
    ];
    await withRay(2, OFFLINE_ENV, async (ray) => {
      const args = [
        ...measured,
        "--on",
        ray.url,
        "--hardware",
        "FLEET=ray:tiny",
        "--job-gpus",
        "0",
      ];
      const first = startVscope([...args, "--events", "ndjson"], { cwd, env: OFFLINE_ENV });
      await heard(first, ({ facts }) => facts?.event === "fleet_progress" && facts.shots > 0);
      first.kill("SIGKILL");
      await first.status;
      await first.stderr.cancel();
      await ray.tell("kill");
      await ray.tell("add");
      const { code, stdout, stderr } = await vscope([...args, "--json"], { cwd, env: OFFLINE_ENV });
      assert.equal(code, 0, stderr + stdout);
      const { sweeps, fleet, status } = JSON.parse(stdout);
      assert.equal(status, "complete");
      assert.equal(sweeps.length, MODELS.length);
      assert.match(stderr, /Going on with \d jobs that are on the cluster/);
      // Four units, and one more job for that of the lost node. Nodes of one machine share Ray's folder, so that
      // what is cleared up of one that is gone may cost a job of another.
      assert.ok(fleet.cost.total.jobs >= 5, stderr);
      // The job may outlive its raylet; its log is lost then, and what was not home is measured again.
      assert.match(stderr, /; it is submitted again/);
      assert.ok(fleet.cost.total.measured_seconds.attention > 0);
      const again = await vscope([...args, "--json"], { cwd, env: OFFLINE_ENV });
      assert.equal(again.code, 0, again.stderr);
      assert.ok(JSON.parse(again.stdout).sweeps.every(({ kept }: { kept: boolean }) => kept));
    });

    const alone = await vscope([...measured, "--hardware", "ONE", "--json"], {
      cwd,
      env: OFFLINE_ENV,
    });
    assert.equal(alone.code, 0, alone.stderr);
    assert.deepEqual(await validateBundle(Deno, `${cwd}/perf/FLEET`), []);
    for (const { bundle } of JSON.parse(alone.stdout).sweeps) {
      const dir = bundle.replace("/perf/ONE", "/perf/FLEET");
      assert.deepEqual(await validateBundle(Deno, dir), []);
      assert.deepEqual(await validateSweep(Deno, dir), []);
      assert.deepEqual(await keysOf(dir), await keysOf(bundle));
      const times = (await readJournal(Deno, dir)).shots.flatMap(({ tp, k, us }) =>
        Object.keys(us).map((layer) => `${tp} ${layer} ${k}`)
      );
      assert.equal(new Set(times).size, times.length);
      const one = new Set((await readJournal(Deno, bundle)).shots.map(({ tp, k }) => `${tp} ${k}`));
      const fleet = new Set((await readJournal(Deno, dir)).shots.map(({ tp, k }) => `${tp} ${k}`));
      assert.deepEqual([...fleet].sort(), [...one].sort());
    }
  });
});
