import assert from "node:assert/strict";
import { ended, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { engine, serveCommand } from "./engine.ts";

Deno.test("a vLLM that dies at its start leaves a failed bundle with its log, exit code 1", async () => {
  const { argv, env } = await serveCommand("--max-model-len", "999999");
  await inFolder(async (parent) => {
    const ran = await vscope([
      "monitor",
      "--quiet",
      "--json",
      "--out",
      `${parent}/run`,
      "--",
      ...argv,
    ], { env });
    assert.equal(ran.code, 1, ran.stderr);
    const { status, notes } = JSON.parse(ran.stdout);
    assert.equal(status, "failed");
    assert.match(JSON.stringify(notes), /The command ended with exit code/);
    assert.match(await Deno.readTextFile(`${parent}/run/logs/stderr.log`), /max_model_len|999999/);
  });
});

Deno.test("Ctrl-C closes the bundle as interrupted, exit code 130; TERM the same with 143", async () => {
  const { python } = await engine();
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    await inFolder(async (parent) => {
      const dir = `${parent}/run`;
      const child = startVscope([
        "monitor",
        "--out",
        dir,
        "--",
        python,
        "-c",
        "import time; time.sleep(3600)",
      ]);
      await until("it runs", 120_000, async () => (await namesIn(`${dir}/logs`)).length === 2);
      child.kill(signal);
      const ran = await ended(child);
      assert.equal(ran.code, code, ran.stderr);
      assert.equal(JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`)).status, "interrupted");
    });
  }
});

Deno.test("two sessions that begin in the same second do not share a folder", async () => {
  const { python } = await engine();
  await inFolder(async (parent) => {
    const run = () =>
      vscope(["monitor", "--quiet", "--", python, "-c", "pass"], {
        env: { VLLM_PROFILING_DIR: parent },
      });
    await Promise.all([run(), run()]);
    assert.equal((await namesIn(parent)).length, 2);
  });
});
