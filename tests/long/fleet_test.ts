/**
 * A batch on a real Ray, with engines of the real CPU vLLM: vscope is killed in its midst, a node is lost,
 * and what comes home is what one machine measures.
 */

import assert from "node:assert/strict";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { vscope } from "../cli.ts";
import { asPlanned, sameKeys, withFleetBatch } from "../e2e/fleet_batch.ts";
import { OFFLINE_ENV } from "../e2e/engine.ts";

const MODELS = ["tiny-one", "tiny-two"];

Deno.test("a batch on Ray whose vscope is killed and that loses a node has the keys of one machine", async () => {
  await withFleetBatch({ nodes: 2 }, MODELS, async (batch, measured) => {
    const { cwd } = batch;
    const first = batch.start();
    await batch.unitsAtGate(first, 2);
    first.child.kill("SIGKILL");
    await first.over;

    const second = batch.start();
    const goesOn = /Going on with 2 jobs that are on the cluster/;
    await batch.until("vscope goes on", second, () => goesOn.test(second.said.stderr));
    await batch.ray.tell("kill");
    await batch.ray.tell("add");
    await batch.jobFailed(second);
    await batch.openGate();
    const { code, stdout, stderr } = await second.over;
    assert.equal(code, 0, stderr + stdout);
    const { sweeps, fleet, status } = JSON.parse(stdout);
    assert.equal(status, "complete");
    assert.equal(sweeps.length, MODELS.length);
    assert.match(stderr, /; it is submitted again/);
    // Four units, and one more job for that of the lost node.
    assert.equal(fleet.cost.total.jobs, 5, stderr);
    assert.ok(fleet.cost.total.measured_seconds.attention > 0);
    const again = await batch.start().over;
    assert.equal(again.code, 0, again.stderr);
    assert.ok(JSON.parse(again.stdout).sweeps.every(({ kept }: { kept: boolean }) => kept));
    assert.deepEqual(await validateBundle(Deno, batch.dir), []);

    // The models have the same config, so that one of them tells what one machine measures of both.
    const env = { ...OFFLINE_ENV, VSCOPE_TEST_GATE: `${cwd}/gate` };
    const here = ["sweep-all", MODELS[0]!, ...measured, "--hardware", "ONE", "--json"];
    const alone = await vscope(here, { cwd, env });
    assert.equal(alone.code, 0, alone.stderr);
    for (const [place, name] of MODELS.entries()) {
      await asPlanned(sweeps[place].bundle, cwd, name);
      await sameKeys(sweeps[place].bundle, JSON.parse(alone.stdout).sweeps[0].bundle);
    }
  });
});
