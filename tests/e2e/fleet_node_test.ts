/** A batch on a real Ray of two nodes, with engines of the real CPU vLLM: one node is lost in mid-unit. */

import assert from "node:assert/strict";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { asPlanned, withFleetBatch } from "./fleet_batch.ts";

Deno.test("a batch on Ray that loses a node in mid-unit has all keys, and each was measured once", async () => {
  await withFleetBatch({ nodes: 1, headRoom: true }, ["tiny"], async (batch) => {
    const run = batch.start();
    await batch.unitsAtGate(run, 2);
    const nodes = (await batch.ray.jobs()).map((job) => job.driver_node_id);
    assert.equal(new Set(nodes).size, 2, "a unit on each node");
    await batch.ray.tell("kill");
    await batch.jobFailed(run);
    await batch.openGate();
    const { code, stdout, stderr } = await run.over;
    assert.equal(code, 0, stderr + stdout);
    const { status, fleet, sweeps } = JSON.parse(stdout);
    assert.equal(status, "complete");
    assert.match(stderr, /tiny.*; it is submitted again/);
    assert.equal(fleet.cost.total.jobs, 3);
    assert.deepEqual(await validateBundle(Deno, batch.dir), []);
    await asPlanned(sweeps[0].bundle, batch.cwd, "tiny");
  });
});
