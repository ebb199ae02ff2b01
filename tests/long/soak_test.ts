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
    // Rows wait in bounded memory; a writer that falls behind counts what it drops.
    assert.ok(Object.values(found.dropped).every((rows) => Number(rows) >= 0));
  });
});
