/** The head of a real Ray is gone in the midst of a batch: with its state in a Redis, and without. */

import assert from "node:assert/strict";
import { asPlanned, type FleetBatch, type FleetRun, withFleetBatch } from "../e2e/fleet_batch.ts";
import { withRedis } from "./redis.ts";

/** The batch is whole, each time was measured once; returns what it cost and what vscope told. */
async function completed(batch: FleetBatch, run: FleetRun) {
  const { code, stdout, stderr } = await run.over;
  assert.equal(code, 0, stderr + stdout);
  const { status, fleet, sweeps } = JSON.parse(stdout);
  assert.equal(status, "complete");
  await asPlanned(sweeps[0].bundle, batch.cwd, "tiny");
  return { jobs: fleet.cost.total.jobs as number, stderr };
}

Deno.test("a new head that knows nothing is given the jobs again, with what they lack", async () => {
  await withFleetBatch({ nodes: 2 }, ["tiny"], async (batch) => {
    const run = batch.start();
    await batch.unitsAtGate(run, 2);
    await batch.ray.tell("head");
    await batch.until("vscope has seen it", run, () => /lost the job/.test(run.said.stderr));
    await batch.openGate();
    const { stderr } = await completed(batch, run);
    assert.match(stderr, /tp1: the cluster lost the job; it is submitted again/);
    assert.match(stderr, /tp2: the cluster lost the job; it is submitted again/);
  });
});

Deno.test("a new head that finds its state in Redis goes on with the jobs, and nothing is measured again", async () => {
  await withRedis((redis) =>
    withFleetBatch({ nodes: 2, redis }, ["tiny"], async (batch) => {
      const run = batch.start();
      await batch.unitsAtGate(run, 2);
      await batch.ray.tell("head");
      await batch.openGate();
      const { jobs, stderr } = await completed(batch, run);
      assert.equal(jobs, 2, stderr);
    })
  );
});
