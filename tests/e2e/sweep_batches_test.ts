/** What the attention of a real engine is told in each pass of a sweep, against what the shot asks for. */

import assert from "node:assert/strict";
import { engine } from "./engine.ts";
import { foundBy } from "./found_by.ts";

Deno.test("attention sees the requests of its shot and nothing of those before", async () => {
  const { model } = await engine();
  const { wrong, shots, passes, sampled, failed, journal, blocks, new: requests, zeros } =
    await foundBy("sweep_batches.py", [model, "7"]);
  assert.equal(blocks, 129);
  assert.deepEqual(wrong, []);
  // Bytes of noise are zero now and then.
  assert.ok(zeros < 0.03, `${zeros} of the KV cache is empty`);
  assert.ok(shots > 180, `${shots} shots`);
  const refused = failed.filter(({ why }: { why: string }) => !why.includes("planted"));
  assert.deepEqual(refused.map(({ why }: { why: string }) => why), [
    "it needs 130 KV blocks of 128",
    "it needs 130 KV blocks of 128",
  ]);
  assert.ok(failed.every(({ fatal }: { fatal?: boolean }) => !fatal), JSON.stringify(failed));
  // A pass to warm up and two that are timed, or three that are; a shot that is refused has none.
  assert.equal(passes, 3 * (shots - 2));
  assert.equal(journal, shots - 2);
  // Without one to warm up they do not sample either.
  assert.ok(
    sampled > 0.45 * passes && sampled < 0.55 * passes,
    `${sampled} of ${passes} passes sampled`,
  );
  // Most shots find their requests there: 1686 would be made if each shot had its own.
  assert.ok(requests < 1000, `${requests} requests were made`);
});
