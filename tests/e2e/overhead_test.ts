import assert from "node:assert/strict";
import { SESSION_PROFILERS } from "../../kit/bundle/hook_coverage.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { serveCommand } from "./engine.ts";

Deno.test("--measure-overhead reports all profilers and each of them, and ends the server", async () => {
  const { argv, env } = await serveCommand("--num-gpu-blocks-override", "80");
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await vscope(
      [
        ...["monitor", "--measure-overhead", "--overhead-pairs", "1", "--overhead-window", "500ms"],
        ...["--json", "--out", dir, "--", ...argv],
      ],
      { env },
    );
    assert.equal(ran.code, 0, ran.stderr);
    const { overhead, status } = JSON.parse(ran.stdout);
    assert.equal(status, "complete");
    assert.deepEqual(
      overhead.map(({ profiler }: { profiler: string }) => profiler),
      ["all", ...Object.keys(SESSION_PROFILERS)],
    );
    for (const { pairs, cost_pct } of overhead) {
      assert.ok(pairs[0].on > 0 && pairs[0].off > 0 && Number.isFinite(cost_pct));
    }
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    // Each process was paused once, for all; a profiler that rests alone pauses nothing else.
    const paused = manifest.notes.filter(({ message }: { message: string }) =>
      /was paused from [\d.]+ s to [\d.]+ s/.test(message)
    );
    assert.equal(paused.length, 3, JSON.stringify(manifest.notes));
    assert.ok(manifest.artifacts.some(({ path }: { path: string }) => path === "overhead.json"));
  });
});

Deno.test("--measure-overhead of a script is refused before anything starts", async () => {
  const ran = await vscope(["monitor", "--measure-overhead", "--", "python3", "offline.py"]);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /takes a server with hooks in it/);
});
