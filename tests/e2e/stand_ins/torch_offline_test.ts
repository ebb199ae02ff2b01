import assert from "node:assert/strict";
import { writeFakeVllm } from "../../hooks/fake_vllm.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import { runTorch, type TorchRun } from "../../engine/torch/recipe.ts";

const TRACE = JSON.stringify({
  schemaVersion: 1,
  traceEvents: [
    {
      ph: "X",
      cat: "user_annotation",
      name: "execute_context_1(8)_generation_0(0)",
      ts: 1,
      dur: 9,
    },
    { ph: "X", cat: "cpu_op", name: "aten::mm", ts: 2, dur: 3, pid: 1, tid: 1 },
  ],
});

/** Runs a script with a Python that has a vLLM of ours, and hands the run to `check`. */
async function offline(
  script: string,
  options: { args?: string[]; fake?: Record<string, string>; ctrlC?: AbortController },
  check: (run: TorchRun, dir: string) => void | Promise<void>,
  press?: (dir: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    await writeFakeVllm(`${dir}/site`);
    const variables = Object.entries({ FAKE_TRACE: TRACE, ...options.fake })
      .map(([name, value]) => `export ${name}='${value}'`).join("\n");
    // Its environment is that of the machine: a Python that brings the packages along.
    const python = `${dir}/python3`;
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\n${variables}\nexport PYTHONDONTWRITEBYTECODE=1\n` +
        `PYTHONPATH="$PYTHONPATH:${dir}/site" exec /usr/bin/env python3 "$@"\n`,
      { mode: 0o755 },
    );
    await Deno.writeTextFile(
      `${dir}/script.py`,
      `from vllm.entrypoints.llm import LLM\n${script}`,
    );
    const pressing = press?.(dir);
    const run = await runTorch(
      dir,
      [...options.args ?? [], "--", python, `${dir}/script.py`],
      options.ctrlC ? { ctrlC: options.ctrlC } : {},
    );
    await pressing;
    await check(run, dir);
  });
}

const state = async (dir: string) =>
  JSON.parse(await Deno.readTextFile(`${dir}/run/.control/window.json`).catch(() => "{}")).state;

Deno.test("a script is recorded and analysed, and the hook's files are gone afterwards", async () => {
  await offline('LLM().generate(["a", "b"])', {}, async ({ code, said, capture }, dir) => {
    assert.equal(code, 0, said.join("\n"));
    assert.deepEqual(capture.traces.map(({ rank, whole }) => [rank, whole]), [[0, true]]);
    assert.equal(capture.window.ended, "the script's call had ended");
    assert.deepEqual((await namesIn(`${dir}/run`)).filter((name) => name.startsWith(".")), []);
    assert.ok((await namesIn(`${dir}/run`)).includes("analysis.json"));
  });
});

Deno.test("a script that never calls, calls too seldom, or fails, says so in the notes", async () => {
  await offline("LLM()", {}, (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /made no call of LLM\.generate.*AsyncLLM/);
  });
  await offline('LLM().generate(["a"])', { args: ["--record-call", "3"] }, (run) => {
    assert.match(run.notes, /made 1 calls of LLM\.generate, and call 3 was asked for/);
  });
  await offline('LLM().generate(["a"])\nraise SystemExit(3)', {}, (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "partial"]);
    assert.match(run.notes, /ended with exit code 3/);
  });
  await offline('LLM(broken=True).generate(["a"])', {}, (run) => {
    assert.match(run.notes, /could not be used: RuntimeError: no profiler/);
  });
});

Deno.test("the seconds and Ctrl-C end the recording between two steps, and the trace is kept", async () => {
  const long = 'LLM().generate(["a"] * 10000)';
  const slow = { FAKE_STEP_SECONDS: "0.05" };
  await offline(long, { args: ["--max-seconds", "0.5"], fake: slow }, ({ code, capture, said }) => {
    assert.equal(code, 0, said.join("\n"));
    assert.equal(capture.window.ended, "the seconds had passed");
    assert.equal(capture.traces.length, 1);
  });
  const ctrlC = new AbortController();
  await offline(long, { fake: slow, ctrlC }, (run) => {
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.equal(run.capture.window.ended, "it was interrupted");
    assert.equal(run.capture.traces[0]?.whole, true);
  }, async (dir) => {
    await until("it records", 300_000, async () => await state(dir) === "recording");
    ctrlC.abort("SIGINT");
  });
});

Deno.test("a flush that does not end is given up after --flush-timeout, or by Ctrl-C", async () => {
  const fake = { FAKE_FLUSH_SECONDS: "3600" };
  const args = ["--flush-timeout", "1", "--grace", "1"];
  await offline('LLM().generate(["a"])', { args, fake }, (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /not written its traces after 1 s/);
  });
  const ctrlC = new AbortController();
  await offline('LLM().generate(["a"])', { args: ["--grace", "1"], fake, ctrlC }, (run) => {
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
  }, async (dir) => {
    await until("it writes", 300_000, async () => await state(dir) === "flushing");
    ctrlC.abort("SIGINT");
  });
});
