import assert from "node:assert/strict";
import { UsageError } from "../../../kit/contract/errors.ts";
import { benchArgv, profilesItself, splitWords } from "../../../kit/engine/load/command_load.ts";
import { readPrompts } from "../../../kit/engine/load/prompts_file.ts";
import { readTraceName, traceLabel } from "../../../kit/engine/torch/trace_files.ts";
import { checkTrace } from "../../../kit/engine/torch/check_trace.ts";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { smallTrace } from "./fake_server.ts";
import { runTorch } from "./recipe.ts";

Deno.test("bad input is one sentence with exit code 2, and nothing is made", async () => {
  const cases: [string[], RegExp][] = [
    [[], /there is nothing to profile; give a command/],
    [["--url", "nowhere"], /--url is "nowhere", which is no address/],
    [["--url", "http://a", "--model", "M"], /two things to profile/],
    [["--url", "http://a", "--", "vllm", "serve", "M"], /the command starts another/],
    [["--model", "M", "--", "python", "x.py"], /--model is for the built-in example/],
    [["--", "vllm", "bench", "serve"], /a client without a server; name the server with --url/],
    [["--bench", "x", "--", "python", "x.py"], /--bench is for a server/],
    [["--no-load", "--model", "M"], /--no-load is for a server/],
    [["--no-load", "--prompts", "f", "--url", "http://a"], /--prompts and --no-load are two loads/],
    [["--bench", "a", "--url", "http://a", "--", "x"], /--bench and the command .* two loads/],
    [["--bench", "'a", "--url", "http://a"], /close its quotes/],
    [["--engine-args", "[]", "--model", "M"], /--engine-args is "\[\]", which is no JSON object/],
    [["--engine-args", "{}", "--", "python", "x.py"], /put arguments into the command/],
    [["--max-iterations", "-1", "--model", "M"], /whole number of at least 0/],
    [["--", "vllm", "serve", "M", "--profiler-config.profiler=cuda"], /the profiler "cuda"/],
    [["--", "vllm", "serve", "M", "--profiler-config", "x"], /no JSON object/],
  ];
  for (const [args, message] of cases) {
    await inFolder(async (dir) => {
      const { code, json } = await runTorch(dir, args);
      assert.equal(code, 2, args.join(" "));
      assert.match(json.error!.message, message);
      assert.deepEqual(await namesIn(dir), []);
    });
  }
});

Deno.test("--dry-run --json is complete without a vLLM: argv, variables, files, warnings, sources", async () => {
  const ran = await vscopeHere(
    ["torch", "--dry-run", "--json", "--with-stack", "--out", "/o", "--", "vllm", "serve", "M"],
    { env: { PATH: "/nowhere", VLLM_TORCH_PROFILER_DIR: "/mnt/t", VLLM_RPC_TIMEOUT: "1800000" } },
  );
  assert.equal(ran.code, 0, ran.stderr);
  const plan = JSON.parse(ran.stdout);
  assert.equal(plan.processes[0].argv.slice(0, 3).join(" "), "vllm serve M");
  assert.ok(plan.processes[0].argv.includes("--profiler-config.torch_profiler_dir=/mnt/t"));
  assert.ok(plan.processes[0].argv.includes("--profiler-config.torch_profiler_with_stack=true"));
  assert.equal(plan.processes[0].env.VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS, "1800");
  assert.deepEqual(plan.contract["trace-dir"], {
    value: "/mnt/t",
    source: "environment",
    from: "VLLM_TORCH_PROFILER_DIR",
  });
  const warnings = plan.warnings.join("\n");
  assert.match(warnings, /slows inference.*\n.*--with-stack.*\n.*VLLM_TORCH_PROFILER_DIR, which/s);
  assert.match(plan.unknown.join("\n"), /ProfilerConfig/);
  for (
    const args of [
      ["--url", "http://h:1"],
      ["--url", "http://h:1", "--", "vllm", "bench", "serve", "--profile"],
      ["--model", "M"],
      ["--", "python", "x.py"],
      ["--bench", "--profile --num-prompts 2", "--", "vllm", "serve", "M"],
    ]
  ) {
    const other = await vscopeHere(["torch", "--dry-run", "--json", ...args], {
      env: { PATH: "/x" },
    });
    assert.equal(other.code, 0, other.stderr);
    assert.ok(JSON.parse(other.stdout).files.length > 3);
  }
});

Deno.test("the benchmark is that of the server's own vLLM", () => {
  const bench = (server: string, text: string) =>
    benchArgv(server.split(" "), "http://h:1", text, { id: "served", root: "M" }).join(" ");
  assert.equal(
    bench("/v/bin/vllm serve M --port 1", "--profile --num-prompts 2"),
    "/v/bin/vllm bench serve --base-url http://h:1 --model M --served-model-name served " +
      "--profile --num-prompts 2",
  );
  assert.equal(
    bench(
      "env A=b python -m vllm.entrypoints.openai.api_server --model M",
      "--model N --served-model-name=N",
    ),
    "python -m vllm.entrypoints.cli.main bench serve --base-url http://h:1 --model N " +
      "--served-model-name=N",
  );
  assert.ok(profilesItself("vllm bench serve --profile".split(" ")));
  assert.ok(profilesItself("python benchmarks/benchmark_serving.py --profile".split(" ")));
  assert.ok(!profilesItself("vllm bench serve".split(" ")));
  assert.ok(!profilesItself("my_load --profile".split(" ")));
});

Deno.test("splitWords() splits as a shell does, and gives back any words that were quoted", () => {
  assert.deepEqual(splitWords(` a "b c"  d'e f'g h\\ i "" `), ["a", "b c", "de fg", "h i", ""]);
  assert.throws(() => splitWords('a "b'), UsageError);
  fc.assert(fc.property(fc.array(fc.string()), (words) => {
    const text = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    assert.deepEqual(splitWords(text), words);
  }));
});

Deno.test("prompts are read in every form that is usual, and a line that is none is named", async () => {
  await inFolder(async (dir) => {
    const file = `${dir}/p.jsonl`;
    const read = async (...lines: string[]) => {
      await Deno.writeTextFile(file, lines.join("\n"));
      return (await readPrompts(Deno, file, 9)).map(({ prompt, messages, maxTokens }) => [
        prompt ?? messages,
        maxTokens,
      ]);
    };
    assert.deepEqual(
      await read(
        '"plain"',
        '{"prompt": "a", "max_tokens": 3}',
        "",
        '{"prompt_token_ids": [1, 2]}',
        '{"messages": [{"role": "user", "content": "hi"}]}',
        '{"custom_id": "1", "url": "/v1/completions", "body": {"prompt": "b", "max_tokens": 4}}',
        '{"prompt": "c", "output_tokens": 5}',
      ),
      [
        ["plain", 9],
        ["a", 3],
        [[1, 2], 9],
        [[{ role: "user", content: "hi" }], 9],
        ["b", 4],
        ["c", 5],
      ],
    );
    await assert.rejects(read('{"prompt": "a"}', "{"), /line 2 is no request/);
    await assert.rejects(read('{"prompt": ""}'), /line 1 is no request/);
    await assert.rejects(read('{"prompt": "a", "max_tokens": -1}'), /line 1 is no request/);
    await assert.rejects(read(""), /the file is empty/);
    await assert.rejects(readPrompts(Deno, `${dir}/none`, 1), /there is no such file/);
  });
});

Deno.test("readTraceName() knows the names of every release", () => {
  const label = (name: string) => traceLabel(readTraceName(name));
  assert.equal(label("rank0.1795.pt.trace.json.gz"), "rank 0");
  assert.equal(label("dp0_pp0_tp1_dcp0_ep1_rank1.17.pt.trace.json.gz"), "rank 1");
  assert.equal(label("mine_dp1_pp0_tp0_dcp0_ep2_rank2.17.pt.trace.json"), "dp 1 rank 2");
  assert.equal(label("host-1_27663.async_llm.17.pt.trace.json.gz"), "front end");
  assert.equal(label("host_512.17.pt.trace.json.gz"), "rank unknown");
  assert.equal(label("profiler_out_0.txt"), "table");
  assert.equal(label("rank0.profiler_out.txt"), "table");
  assert.equal(label("capture_traces/rank0.17.pt.trace.json.gz"), "other");
});

Deno.test("checkTrace() finds every cut, at whatever byte", async () => {
  const whole = await smallTrace(4);
  await inFolder(async (dir) => {
    const check = async (bytes: Uint8Array, name = "t.json.gz") => {
      await Deno.writeFile(`${dir}/${name}`, bytes);
      return await checkTrace(Deno, `${dir}/${name}`);
    };
    assert.deepEqual(await check(whole), { rank: 0, worldSize: 4 });
    for (let length = 0; length < whole.length; length++) {
      assert.ok((await check(whole.slice(0, length))).flaw, `cut to ${length}`);
    }
    const encode = (text: string) => new TextEncoder().encode(text);
    assert.deepEqual(await check(encode('{"traceEvents": []}\n'), "t.json"), {});
    assert.match((await check(encode('{"traceEvents": [{'), "t.json")).flaw!, /cut short/);
  });
});
