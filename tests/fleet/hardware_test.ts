/** A batch on several kinds of hardware: what is planned for each, and how many jobs there is room for. */

import assert from "node:assert/strict";
import { FleetRoom } from "../../kit/engine/fleet/fleet_room.ts";
import recipe from "../../recipes/sweep_all.ts";
import { runRecipe } from "../engine/run_recipe.ts";
import { inFolder } from "../folders.ts";

const MODEL = "Qwen/Qwen3-0.6B";
const ON = ["--on", "http://127.0.0.1:9"];
const H100 = ["--hardware", "H100=ray:accelerator_type:H100"];
const A100 = ["--hardware", "A100=ray:accelerator_type:A100"];

/** The plan of a batch. */
async function dryRun(args: string[], env: Record<string, string> = {}) {
  return await inFolder(async (cwd) => {
    const { code, json, said } = await runRecipe(
      recipe as never,
      ["--dry-run", "--json", "--tp-degrees", "1,2", ...args, MODEL],
      { cwd, out: cwd, env: { HF_HUB_OFFLINE: "1", ...env } },
    );
    // deno-lint-ignore no-explicit-any -- a document
    return { code, cwd, json: json as any, message: json.error?.message ?? said.join("\n") };
  });
}

Deno.test("each kind of hardware has its units and its folder, with the resource of its nodes", async () => {
  const { code, cwd, json, message } = await dryRun([...ON, ...H100, ...A100]);
  assert.equal(code, 0, message);
  assert.deepEqual(json.hardware, ["H100", "A100"]);
  assert.equal(json.out, `${cwd}/perf`);
  assert.deepEqual(json.contract.hardware.value, ["H100", "A100"]);
  assert.deepEqual(
    json.sweeps.map(({ hardware, folder, tp }: Record<string, unknown>) => [hardware, folder, tp]),
    ["H100", "A100"].map((name) => [name, `${name}/${MODEL}/bf16`, [1, 2]]),
  );
  assert.equal(json.fleet.jobs, 4);
  assert.deepEqual(json.fleet.hardware, [
    { name: "H100", jobs: 2, gpus: 1, cpus: 1, resource: "accelerator_type:H100" },
    { name: "A100", jobs: 2, gpus: 1, cpus: 1, resource: "accelerator_type:A100" },
  ]);
  // Commas do as well, as in the variable.
  const listed = await dryRun(ON, { HARDWARE: `${H100[1]},${A100[1]}` });
  assert.deepEqual(listed.json.fleet, json.fleet);
});

Deno.test("one kind of hardware is the batch's own folder, on a cluster and alone", async () => {
  for (const args of [[...ON, ...H100], ["--hardware", "H100"]]) {
    const { code, cwd, json, message } = await dryRun(args);
    assert.equal(code, 0, message);
    assert.deepEqual([json.hardware, json.contract.hardware.value], ["H100", "H100"]);
    assert.equal(json.out, `${cwd}/perf/H100`);
    assert.equal(json.sweeps[0].folder, `${MODEL}/bf16`);
    assert.ok(!("hardware" in json.sweeps[0]));
    if (args.length > 2) {
      const { jobs, gpus, resource } = json.fleet;
      assert.deepEqual([jobs, gpus, resource], [2, 1, "accelerator_type:H100"]);
      assert.ok(!("hardware" in json.fleet));
    }
  }
});

Deno.test("kinds of hardware that cannot be are refused in one sentence", async () => {
  const cases: [string[], RegExp][] = [
    [["--hardware", "H100", "--hardware", "A100"], /names 2 kinds .*, and this machine is of one/],
    [[...ON, ...H100, "--hardware", "A100"], /"A100" does not say which nodes it is on/],
    [[...ON, ...H100, ...H100], /--hardware has "H100" twice/],
    [
      [...ON, ...H100, "--hardware", "../x=ray:y"],
      /none of 1 sweeps can be: .*HARDWARE is "\.\.\/x", which is to name a folder/,
    ],
  ];
  for (const [args, wanted] of cases) {
    const { code, message } = await dryRun(args);
    assert.equal(code, 2);
    assert.match(message, wanted);
  }
});

Deno.test("room is counted for each kind of hardware, and one that no node has is told at once", async () => {
  const node = (mark: string, gpus: number) => ({
    raylet: { state: "ALIVE", resourcesTotal: { GPU: gpus, CPU: 64, [mark]: 1 } },
  });
  let summary = [node("a", 8), node("a", 4), node("b", 2)];
  const said: string[] = [];
  let now = 0;
  const asks = (resource: string) => ({ gpus: 1, cpus: 1, resource });
  const room = (most?: number) =>
    new FleetRoom(
      {
        clock: { monotonicMs: () => now } as never,
        output: { warn: (text: string) => void said.push(text) } as never,
      },
      { nodes: () => Promise.resolve({ data: { summary } }) },
      new Map([["A", asks("a")], ["B", asks("b")], ["C", asks("c")]]),
      most,
    );
  const all = room();
  await all.look();
  assert.deepEqual(["A", "B", "C"].map((name) => all.of(name)), [12, 2, 1]);
  assert.deepEqual(["A", "B", "C"].map((name) => all.has(name)), [true, true, false]);
  assert.equal(all.all, 15);
  assert.deepEqual(said, [
    "No node of the cluster has 1 GPUs, 1 CPUs, c: the jobs of C wait for one",
  ]);
  // Nodes come and go.
  summary = [node("c", 3)];
  await all.look();
  assert.equal(all.of("A"), 12);
  now += 60_000;
  await all.look();
  assert.deepEqual(["A", "B", "C"].map((name) => all.of(name)), [1, 1, 3]);
  assert.equal(said.length, 1);
  const few = room(2);
  await few.look();
  assert.deepEqual([few.of("C"), few.all], [2, 2]);
});
