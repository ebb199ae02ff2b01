import assert from "node:assert/strict";
import { makeBatch } from "./batches.ts";
import { NO_TROUBLES, simulate, type Simulated } from "./simulator.ts";

/** Shots without a row, and shots that were measured more than once. */
function countShots({ shots }: Simulated): { missing: number; twice: number } {
  let [missing, twice] = [0, 0];
  for (const { measured, kept } of shots.values()) {
    for (let shot = 0; shot < kept.length; shot++) {
      if (!kept[shot]) missing++;
      if (measured[shot]! > 1) twice++;
    }
  }
  return { missing, twice };
}

Deno.test("where nothing goes wrong a fleet takes what was planned, and measures each shot once", async () => {
  for (const gpus of [1, 4, 100]) {
    const ran = await simulate(makeBatch(20, 1), gpus, { ...NO_TROUBLES, help: false }, 1);
    assert.deepEqual(countShots(ran), { missing: 0, twice: 0 });
    assert.deepEqual([ran.boots, ran.failures], [ran.jobs, 0]);
    assert.ok(Math.abs(ran.seconds - ran.plannedSeconds) < 1e-6 * ran.seconds);
  }
});

Deno.test("GPUs that fail and GPUs that are slow lose no row", async () => {
  const troubles = { failureHours: 0.5, repairSeconds: 300, slow: 0.1, spread: 0.2, help: true };
  let failures = 0;
  for (const seed of [1, 2, 3, 4, 5]) {
    const ran = await simulate(makeBatch(12, seed), 10, troubles, seed);
    assert.equal(countShots(ran).missing, 0);
    failures += ran.failures;
  }
  assert.ok(failures > 10);
});

Deno.test("help shortens a batch with slow GPUs", async () => {
  const troubles = { repairSeconds: 0, slow: 0.05, spread: 0.1 };
  for (const seed of [1, 2, 3]) {
    const alone = await simulate(makeBatch(60, seed), 100, { ...troubles, help: false }, seed);
    const helped = await simulate(makeBatch(60, seed), 100, { ...troubles, help: true }, seed);
    assert.ok(helped.seconds < 0.8 * alone.seconds, `${helped.seconds} and ${alone.seconds}`);
    assert.equal(countShots(helped).missing, 0);
  }
});
