import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { HOOKS } from "../hooks/python.ts";

const STEPS = 1_000_000;

Deno.test("the memory of the hooks is flat over a million steps", async () => {
  await inFolder(async (dir) => {
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: [new URL("./soak.py", import.meta.url).pathname, String(STEPS)],
      env: { PYTHONPATH: HOOKS, VLLM_PROFILING_DIR: dir, PYTHONDONTWRITEBYTECODE: "1" },
      stdout: "piped",
      stderr: "piped",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    const found = JSON.parse(decoder.decode(stdout));
    const [early, late] = found.resident_bytes;
    assert.ok(late - early < 8e6, `${early} bytes at half time, ${late} at the end`);
    assert.deepEqual([found.steps, found.failed], [STEPS, []]);
    // Rows wait in bounded memory: each is in its file, or counted as dropped by a writer that fell behind.
    const accounted = Object.entries(found.rows as Record<string, number>)
      .map(([table, rows]) => [table, rows + found.dropped[table]] as const)
      .filter(([, rows]) => rows > 0);
    assert.deepEqual(Object.fromEntries(accounted), {
      batch_utilization: STEPS,
      forward_pass_timing: STEPS,
      // Scheduling, output update, model execution, sampling.
      cpu_operations_timing: 4 * STEPS,
      // Four requests end together after 20 steps, and the cache is looked at once more.
      kv_cache_usage: STEPS + STEPS / 20,
      // Each was queued, scheduled, had a first token and finished.
      request_events: 4 * 4 * STEPS / 20,
    });
  });
});
