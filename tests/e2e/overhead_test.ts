import assert from "node:assert/strict";
import { SESSION_PROFILERS } from "../../kit/bundle/merge/hook_coverage.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV, serveCommand } from "./engine.ts";

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

Deno.test("above --max-overhead a running session turns its dearest profilers down, and says so", async () => {
  const { python, model } = await engine();
  const script = new URL("./scripts/run_faults.py", import.meta.url).pathname;
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await vscope(
      ["monitor", "--max-overhead", "0.0001", "--out", dir, "--", python, script, model, "long"],
      { env: OFFLINE_ENV },
    );
    assert.equal(ran.code, 0, ran.stderr.slice(-3000));
    assert.match(ran.stdout, /ANSWERS \[24, true\]/);
    const { notes, hooks } = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    const told = notes.filter(({ message }: { message: string }) =>
      /^\w+ in [\w-]+ was turned off: all profilers cost [\d.]+ % of the time/.test(message)
    );
    assert.ok(told.length > 0, JSON.stringify(notes));
    assert.match(ran.stderr, /turned off: all profilers cost/);
    // What the others need goes on.
    assert.ok(hooks.some(({ name }: { name: string }) => name === "scheduler_steps"));
    assert.doesNotMatch(JSON.stringify(told), /scheduler_steps/);
  });
});

Deno.test("--measure-overhead of a script is refused before anything starts", async () => {
  const ran = await vscope(["monitor", "--measure-overhead", "--", "python3", "offline.py"]);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /takes a server with hooks in it/);
});
