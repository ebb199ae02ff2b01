import assert from "node:assert/strict";
import { systemContext } from "../../kit/engine/system/context.ts";
import { ProcessTracker } from "../../kit/engine/system/process_table.ts";
import { ended, heard, type Ran, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder, namesIn } from "../folders.ts";
import { engine, healthy, OFFLINE_ENV, serveCommand } from "./engine.ts";
import { opensInChromium } from "./page.ts";

/** An event of a trace, as torch writes it. */
interface Event {
  ph: string;
  cat?: string;
  name: string;
  ts: number;
  dur: number;
}

async function eventsOf(path: string): Promise<Event[]> {
  const file = await Deno.open(path);
  const text = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip")))
    .text();
  return JSON.parse(text).traceEvents;
}

/** Compares `analysis.json` with a count over the trace's own JSON; gives the steps. */
async function checkAnalysis(dir: string): Promise<number> {
  const { capture } = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
  const analysis = JSON.parse(await Deno.readTextFile(`${dir}/analysis.json`));
  const events = (await eventsOf(`${dir}/${capture.open_in_perfetto}`))
    .filter(({ ph }) => ph === "X");
  const counted = new Map<string, { count: number; total: number }>();
  for (const { cat, name, dur } of events) {
    if (cat !== "cpu_op") continue;
    const row = counted.get(name) ?? { count: 0, total: 0 };
    counted.set(name, { count: row.count + 1, total: row.total + dur });
  }
  assert.ok(counted.size > 10, "the trace has few operators");
  assert.equal(analysis.cpu_operators.length, counted.size);
  for (const { name, count, total_ns } of analysis.cpu_operators) {
    assert.equal(count, counted.get(name)?.count, name);
    assert.ok(Math.abs(total_ns / 1000 - counted.get(name)!.total) < 0.5, name);
  }
  const steps = events.filter(({ cat, name }) =>
    cat === "user_annotation" && name.startsWith("execute_context_")
  );
  assert.equal(analysis.iterations.count, steps.length);
  const elapsed = steps.reduce((sum, { dur }) => sum + dur, 0) / steps.length / 1000;
  assert.ok(Math.abs(analysis.iterations.elapsed_ms.mean - elapsed) < 0.001 * elapsed);
  // A CPU build runs no kernel: there is no GPU time to tell.
  assert.equal("gpu" in analysis, false);
  assert.equal((await vscope(["bundle", "validate", dir])).code, 0);
  return steps.length;
}

/** Runs vscope and makes sure that it leaves no process of its own behind. */
async function run(args: string[], env: Record<string, string>): Promise<Ran> {
  const child = startVscope(["torch", "--json", ...args], { env });
  const tracker = new ProcessTracker(crypto.randomUUID());
  tracker.watch(child.pid);
  const timer = setInterval(() => tracker.update(), 500);
  const ran = await ended(child);
  clearInterval(timer);
  await until("all have ended", 120_000, () => tracker.alive().length === 0);
  return ran;
}

Deno.test("torch starts a server, records the steps that were asked for, and leaves tables that agree with the trace", async () => {
  const { argv, env, baseUrl } = await serveCommand();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await run(
      [
        // More requests than those steps have room for: what is left of them is given up.
        ...[
          "--out",
          dir,
          "--delay-iterations",
          "3",
          "--max-iterations",
          "12",
          "--requests",
          "2000",
        ],
        ...["--prompt-tokens", "40", "--output-tokens", "16", "--", ...argv],
      ],
      { ...env, VLLM_RPC_TIMEOUT: "1200000" },
    );
    assert.equal(ran.code, 0, ran.stderr);
    const outcome = JSON.parse(ran.stdout);
    assert.deepEqual([outcome.status, outcome.report], ["complete", `${dir}/report.html`]);
    assert.match(ran.stderr, /VLLM_RPC_TIMEOUT, which vLLM 0\.32\.0\+cpu ignores, .*=1200/);
    const { capture } = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.deepEqual(
      capture.traces.map(({ role, rank, whole }: Record<string, unknown>) => [role, rank, whole]),
      [["rank", 0, true], ["front end", undefined, true]],
    );
    assert.equal(capture.window.ended, "the steps were recorded");
    assert.equal(await checkAnalysis(dir), 12);
    await assert.rejects(fetch(`${baseUrl}/health`));
    await opensInChromium(`${dir}/report.html`, /torch/);
  });
});

Deno.test("torch attaches to a server that runs: own requests, vLLM's benchmark, Ctrl-C while traces are written", async (t) => {
  const { argv, env, baseUrl } = await serveCommand();
  const { vllm, model } = await engine();
  await inFolder(async (parent) => {
    const log = `${parent}/server.log`;
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const server = await context.processes.start({
      argv: [
        ...argv,
        "--profiler-config.profiler=torch",
        `--profiler-config.torch_profiler_dir=${parent}/traces`,
        "--profiler-config.torch_profiler_with_stack=false",
      ],
      env,
      stdoutPath: log,
      stderrPath: log,
    });
    const state = { ended: false };
    server.ended.then(() => state.ended = true);
    try {
      await healthy(baseUrl, state);
      await t.step("own requests, with the folder told by the server's command line", async () => {
        const dir = `${parent}/own`;
        const ran = await run(["--url", baseUrl, "--out", dir, "--max-iterations", "6"], env);
        assert.equal(ran.code, 0, ran.stderr);
        assert.equal(await checkAnalysis(dir), 6);
      });
      await t.step("vllm bench serve --profile as the load", async () => {
        const dir = `${parent}/bench`;
        const ran = await run([
          ...["--url", baseUrl, "--out", dir, "--", vllm, "bench", "serve", "--profile"],
          ...["--base-url", baseUrl, "--model", model, "--served-model-name", "tiny"],
          ...["--dataset-name", "random", "--random-input-len", "16"],
          ...["--random-output-len", "4", "--num-prompts", "2"],
        ], env);
        assert.equal(ran.code, 0, ran.stderr);
        assert.match(await Deno.readTextFile(`${dir}/logs/load.log`), /Profiler stopped/);
        assert.ok(await checkAnalysis(dir) >= 4);
      });
      await t.step("Ctrl-C ends the waiting, and the server goes on", async () => {
        const dir = `${parent}/interrupted`;
        const stops = async () => (await Deno.readTextFile(log)).split("Stopping profiler").length;
        const before = await stops();
        const child = startVscope([
          ...["torch", "--json", "--url", baseUrl, "--out", dir, "--max-iterations", "0"],
          ...["--requests", "2000", "--output-tokens", "64", "--prompt-tokens", "64"],
          ...["--max-seconds", "3"],
        ], { env });
        const { said, ended } = heard(child);
        await until("it records", 300_000, () => /The profiler is on/.test(said.stderr));
        // Whoever writes the traces is held up until Ctrl-C was pressed.
        const tracker = new ProcessTracker(crypto.randomUUID());
        tracker.watch(server.pid);
        tracker.update();
        const others = tracker.alive().filter((pid) => pid !== server.pid);
        for (const pid of others) Deno.kill(pid, "SIGSTOP");
        await until("it is writing", 300_000, async () => await stops() > before);
        child.kill("SIGINT");
        const ran = await ended;
        for (const pid of others) Deno.kill(pid, "SIGCONT");
        assert.equal(ran.code, 130, ran.stderr);
        const { status, notes } = JSON.parse(ran.stdout);
        assert.equal(status, "interrupted");
        assert.match(JSON.stringify(notes), /Interrupted while vLLM was writing/);
        assert.equal((await vscope(["bundle", "validate", dir])).code, 0);
        assert.ok((await fetch(`${baseUrl}/health`)).ok);
      });
    } finally {
      await server.end();
      await close();
    }
  });
});

const SELF = `
import sys
if __name__ == "__main__":
    from vllm import LLM, SamplingParams
    llm = LLM(model=sys.argv[1], load_format="dummy", max_model_len=512, enforce_eager=True,
              dtype="bfloat16", max_num_seqs=4, seed=7, num_gpu_blocks_override=16)
    prompts = [{"prompt_token_ids": list(range(3 + n, 40 + 5 * n))} for n in range(3)]
    llm.generate(prompts, SamplingParams(max_tokens=60, ignore_eos=True))
    llm.start_profile()
    llm.generate(prompts, SamplingParams(max_tokens=5, ignore_eos=True))
    llm.stop_profile()
`;

Deno.test("torch leaves a script alone that starts the profiler itself; the built-in example needs no script", async () => {
  const { python, model } = await engine();
  await inFolder(async (parent) => {
    await Deno.writeTextFile(`${parent}/self.py`, SELF);
    const own = `${parent}/own`;
    const left = await run(["--out", own, "--", python, `${parent}/self.py`, model], OFFLINE_ENV);
    assert.equal(left.code, 0, left.stderr);
    assert.match(JSON.stringify(JSON.parse(left.stdout).notes), /starts the profiler itself/);
    // Requests may begin steps apart, at most one behind the other; the first call alone has 60.
    const steps = await checkAnalysis(own);
    assert.ok(steps >= 5 && steps <= 3 * 5 + 3, String(steps));

    const example = `${parent}/example`;
    const ran = await run([
      ...["--out", example, "--python", python, "--model", model],
      ...["--requests", "3", "--prompt-tokens", "20", "--output-tokens", "7"],
      "--engine-args",
      JSON.stringify({
        load_format: "dummy",
        dtype: "bfloat16",
        enforce_eager: true,
        max_model_len: 512,
        num_gpu_blocks_override: 16,
      }),
    ], OFFLINE_ENV);
    assert.equal(ran.code, 0, ran.stderr);
    const recorded = await checkAnalysis(example);
    assert.ok(recorded >= 7 && recorded <= 3 * 7 + 3, String(recorded));
    assert.deepEqual((await namesIn(example)).filter((name) => name.startsWith(".")), []);
  });
});
