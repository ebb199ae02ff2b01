import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { ended } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { type Mac, onMac, QUICK } from "../metal/mac.ts";
import { engine, serveCommand } from "./engine.ts";

const FAKE_VLLM = fileURLToPath(new URL("../metal/fixtures/offline", import.meta.url));
const RUNNER = fileURLToPath(
  new URL("../../kit/engine/metal/offline_runner.py", import.meta.url),
);

async function offline(mac: Mac, mode: string, args: string[] = []) {
  const out = `${mac.dir}/run`;
  const how = ["--out", out, "--json", ...QUICK, "--python", "python3", ...args];
  const ran = await mac.run(["metal", "--offline", "--model", "M-0.6B", ...how], {
    PYTHONPATH: FAKE_VLLM,
    FAKE_METAL: mode,
  });
  return { ...ran, out, json: JSON.parse(ran.stdout) };
}

Deno.test("without a server, the script captures with a prefix of its own for each", async () => {
  await onMac({}, async (mac) => {
    const { code, json, out, stderr } = await offline(mac, "ok", [
      ...["--captures", "2", "--engine-args", '{"max_model_len":256}'],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(json.captures.length, 2);
    for (
      const [place, { verified, prefix, traces, completion_tokens }] of json.captures.entries()
    ) {
      assert.equal(verified, true);
      assert.equal(completion_tokens, 10);
      assert.match(prefix, new RegExp(`^vscope_\\d{8}_\\d{6}_\\d+_${place + 1}$`));
      assert.equal(traces[0].path, `traces/${prefix}_dp0_pp0_tp0_dcp0_ep0_rank0.gputrace`);
    }
    const manifest = (await readManifest(Deno, out))!;
    assert.deepEqual([manifest.versions.vllm, manifest.versions.vllm_metal], ["0.27.1", "0.3.0"]);
    assert.equal(manifest.engine["model"], "M-0.6B");
    assert.equal(manifest.engine["max_model_len"], 256);
    assert.deepEqual(await validateBundle(Deno, out), []);
  });
});

Deno.test("a vLLM that takes no prefix captures all the same", async () => {
  await onMac({}, async (mac) => {
    const { code, json, stderr } = await offline(mac, "no-prefix");
    assert.equal(code, 0, stderr);
    assert.match(json.captures[0].traces[0].path, /older_dp0/);
  });
});

Deno.test("what goes wrong without a server is told", async () => {
  const cases: [string, string, RegExp][] = [
    [
      "old",
      "partial",
      /Capture 2 of 2 failed: vLLM's log says that Metal did not start: it is there/,
    ],
    ["unset", "failed", /started without MTL_CAPTURE_ENABLED=1/],
    [
      "no-start",
      "failed",
      /The script ended before the first capture; look into logs\/stderr\.log/,
    ],
  ];
  for (const [mode, status, said] of cases) {
    await onMac({}, async (mac) => {
      const { code, json } = await offline(mac, mode, ["--captures", "2"]);
      assert.deepEqual([code, json.status], [1, status], mode);
      assert.match(JSON.stringify(json.notes), said, mode);
    });
  }
});

Deno.test("Ctrl-C ends the script, and lists the trace that is not whole", async () => {
  await onMac({}, async (mac) => {
    const out = `${mac.dir}/run`;
    const how = ["--out", out, ...QUICK, "--python", "python3"];
    const child = mac.start(["metal", "--offline", "--model", "M", ...how], {
      PYTHONPATH: FAKE_VLLM,
      FAKE_METAL: "hangs",
    });
    await until("it captures", 20_000, async () => (await namesIn(`${out}/traces`)).length === 1);
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    const manifest = (await readManifest(Deno, out))!;
    assert.equal(manifest.status, "interrupted");
    assert.equal(manifest.captures!.length, 1);
    assert.match(JSON.stringify(manifest.notes), /may not be whole/);
  });
});

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
