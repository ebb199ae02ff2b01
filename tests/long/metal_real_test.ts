/** `vscope metal` with the real vLLM, which has no Metal here. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { engine, serveCommand } from "../e2e/engine.ts";
import { inFolder, namesIn } from "../folders.ts";
import { onMac } from "../metal/mac.ts";

const RUNNER = fileURLToPath(
  new URL("../../kit/engine/metal/offline_runner.py", import.meta.url),
);

Deno.test("the script drives a real vLLM: its profiler starts with the prefix and stops", async () => {
  const { python, model } = await engine();
  await inFolder(async (dir) => {
    const config = {
      model,
      trace_dir: `${dir}/traces`,
      events: `${dir}/events.jsonl`,
      prompt: "prefill decode batch",
      max_tokens: 4,
      warmup: true,
      prefixes: ["vscope_1"],
      engine: {
        load_format: "dummy",
        dtype: "bfloat16",
        enforce_eager: true,
        max_model_len: 256,
        max_num_seqs: 2,
      },
    };
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(config));
    const child = new Deno.Command(python, {
      args: [RUNNER, `${dir}/config.json`],
      env: {
        VLLM_CPU_KVCACHE_SPACE: "1",
        HF_HUB_OFFLINE: "1",
        VLLM_NO_USAGE_STATS: "1",
        DO_NOT_TRACK: "1",
      },
      stdout: "piped",
      stderr: "piped",
    });
    const { code, stderr } = await child.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr).slice(-3000));
    const events = (await Deno.readTextFile(config.events)).trim().split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(events.map(({ event }) => event), [
      "loaded",
      "uncaptured",
      "starting",
      "captured",
    ]);
    const captured = events[3];
    assert.equal(captured.completion_tokens, 4);
    assert.ok(captured.prompt_tokens > 0 && captured.request_seconds > 0);
    assert.equal(events[0].max_model_len, 256);
    // vLLM's own profiler, where there is no Metal, writes what it always writes.
    assert.deepEqual(captured.traces, []);
    assert.match((await namesIn(config.trace_dir)).join("\n"), /^vscope_1.*\.pt\.trace\.json/m);
  });
});

Deno.test("a real vLLM without Metal answers 200 and leaves no .gputrace: a failure", async () => {
  const { argv, env } = await serveCommand();
  await onMac({}, async (mac) => {
    const out = `${mac.dir}/run`;
    const command = [...argv, "--profiler-config.torch_profiler_with_stack=false"];
    const how = ["--out", out, "--json", "--max-tokens", "2", "--settle-timeout", "2s"];
    // Its Python has no vllm-metal, which the guard would refuse; a wrapper hides the Python.
    await Deno.writeTextFile(`${mac.dir}/bin/vllm`, `#!/bin/sh\nexec "${command[0]}" "$@"\n`);
    const ran = await mac.run(["metal", ...how, "--", "vllm", ...command.slice(1)], env);
    assert.equal(ran.code, 1, ran.stderr);
    const { status, captures, notes } = JSON.parse(ran.stdout);
    assert.equal(status, "failed");
    assert.equal(captures[0].completion_tokens, 2);
    assert.match(captures[0].problem, /answered 200, and no \.gputrace appeared in/);
    assert.match(JSON.stringify(notes), /torch_profiler_with_stack.*no effect on a trace/);
    const manifest = (await readManifest(Deno, out))!;
    assert.match(manifest.versions.vllm!, /^0\.\d+/);
    assert.ok(Number(manifest.engine["max_model_len"]) > 0);
  });
});
