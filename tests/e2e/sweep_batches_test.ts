/** What the attention of a real engine is told in each pass of a sweep, against what the shot asks for. */

import assert from "node:assert/strict";
import { ROOT } from "../dev/run.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

Deno.test("attention sees the requests of its shot and nothing of those before", async () => {
  const { python, model } = await engine();
  const { code, stdout, stderr } = await new Deno.Command(python, {
    args: [`${ROOT}/tests/e2e/scripts/sweep_batches.py`, model, "7"],
    env: {
      ...OFFLINE_ENV,
      PYTHONPATH: `${ROOT}/hooks:${ROOT}/tests/e2e/scripts`,
      VLLM_ENABLE_PROFILING: "0",
    },
  }).output();
  const found = /^FOUND (.*)$/m.exec(new TextDecoder().decode(stdout))?.[1];
  assert.ok(code === 0 && found, new TextDecoder().decode(stderr).slice(-4000));
  const { wrong, shots, passes, failed, journal, blocks, new: requests } = JSON.parse(found);
  assert.equal(blocks, 129);
  assert.deepEqual(wrong, []);
  assert.ok(shots > 90, `${shots} shots`);
  const refused = failed.filter(({ why }: { why: string }) => !why.includes("planted"));
  assert.deepEqual(refused.map(({ why }: { why: string }) => why), [
    "it needs 130 KV blocks of 128",
  ]);
  assert.ok(failed.every(({ fatal }: { fatal?: boolean }) => !fatal), JSON.stringify(failed));
  // A pass to warm up and two that are timed; the shot that is refused has none.
  assert.equal(passes, 3 * (shots - 1));
  assert.equal(journal, shots - 1);
  // Most shots find their requests there: 843 would be made if each shot had its own.
  assert.ok(requests < 500, `${requests} requests were made`);
});
