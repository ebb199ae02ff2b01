import assert from "node:assert/strict";
import { commonOptions } from "../../kit/contract/common.ts";
import { resolve } from "../../kit/contract/resolve.ts";
import { billionsOf, estimateCapture } from "../../kit/engine/metal/estimate.ts";
import { failedStart, meaningOf } from "../../kit/engine/metal/known_messages.ts";
import { metalOptions } from "../../kit/engine/metal/options.ts";
import { planMetal, prefixOf } from "../../kit/engine/metal/plan.ts";
import { withProfiler } from "../../kit/engine/metal/profiler_flags.ts";
import { fc } from "../deps.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";

/** The plan of some flags and variables. */
function plan(flags: Record<string, string>, command: string[] = [], env = {}) {
  const given = Object.fromEntries(
    Object.entries(flags).map(([name, text]) => [name, { text, from: `--${name}` }]),
  );
  const { values, contract } = resolve("metal", metalOptions, { flags: given, env });
  const { values: common } = resolve("metal", commonOptions, { flags: {}, env: {} });
  const invocation = {
    command,
    common,
    contract,
    cwd: "/home/me",
    env,
    startedAt: new Date(2026, 0, 2, 3, 4, 5),
    pid: 7,
  };
  return { ...planMetal(values, invocation), prefix: prefixOf(values, invocation, 2) };
}

const OUT = "/home/me/vscope-bundles/metal_20260102_030405_7";

Deno.test("the quick capture is the guide's recipe", () => {
  const { processes, diskBytes, seconds, warnings, notes, prefix } = plan({
    model: "Qwen/Qwen3-0.6B",
  });
  assert.deepEqual(processes, [{
    name: "vllm",
    argv: [
      ...["vllm", "serve", "Qwen/Qwen3-0.6B", "--host", "127.0.0.1", "--port", "8000"],
      "--profiler-config.profiler=torch",
      `--profiler-config.torch_profiler_dir=${OUT}/traces`,
    ],
    env: { MTL_CAPTURE_ENABLED: "1", VLLM_METAL_MEMORY_FRACTION: "0.1" },
  }]);
  assert.deepEqual([diskBytes, seconds], [2.2e9, 49]);
  assert.deepEqual(warnings, []);
  assert.match(notes!.join("\n"), /50 to 100 times slower/);
  assert.match(notes!.join("\n"), /no named ranges/);
  assert.match(notes!.join("\n"), /can come to 26\.0 GB/);
  assert.equal(prefix, "vscope_20260102_030405_7_2");
});

Deno.test("the plan is complete anywhere, and starts nothing", async () => {
  await inFolder(async (dir) => {
    for (
      const form of [["--model", "m"], ["--offline", "--model", "m"], ["--", "vllm", "serve", "m"]]
    ) {
      const ran = await vscopeHere(["metal", "--dry-run", "--json", ...form], {
        cwd: dir,
        env: { PATH: "/nowhere", VLLM_METAL_MEMORY_FRACTION: "0.05" },
      });
      assert.deepEqual([ran.code, ran.stderr], [0, ""]);
      const document = JSON.parse(ran.stdout);
      assert.equal(document.processes[0].env.MTL_CAPTURE_ENABLED, "1");
      assert.equal(document.processes[0].env.VLLM_METAL_MEMORY_FRACTION, "0.05");
      assert.equal(document.contract["memory-fraction"].source, "environment");
      assert.ok(document.disk_bytes > 0 && document.seconds > 0 && document.files.length > 3);
    }
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("what cannot lead to a capture is refused with the reason", () => {
  const serve = ["vllm", "serve", "M"];
  const cases: [() => unknown, RegExp][] = [
    [() => plan({}), /nothing is there to be captured; give --model/],
    [() => plan({ url: "http://h", offline: "1" }), /--url and --offline are given/],
    [() => plan({ model: "M", engineArgs: "{}" }), /--engine-args are for --offline/],
    [() => plan({ model: "M", offline: "1", engineArgs: "[1]" }), /give a JSON object/],
    [() => plan({ url: "h:8000" }), /give the server's address, as http/],
    [() => plan({ url: "http://h" }), /does not tell where it writes traces; give --trace-dir/],
    [() => plan({ offline: "1" }, ["python", "x.py"]), /--offline and a command are given/],
    [() => plan({}, ["python", "x.py"]), /"python x\.py" is no vLLM server/],
    [() => plan({ model: "M" }, [], { MTL_CAPTURE_ENABLED: "0" }), /MTL_CAPTURE_ENABLED is 0/],
    [() => plan({}, ["env", "MTL_CAPTURE_ENABLED=0", ...serve]), /MTL_CAPTURE_ENABLED is 0/],
    [() => plan({ model: "M", memoryFraction: "1.5" }), /give auto, or a number above 0/],
    [() => plan({ model: "M", prefix: "a/b" }), /becomes a part of a file's name/],
    [
      () => plan({}, [...serve, "--profiler-config.delay_iterations=3"]),
      /sets delay_iterations to 3, which vllm-metal refuses .* counts no steps/,
    ],
    [
      () => plan({}, [...serve, "--profiler-config", '{"max_iterations":1}']),
      /sets max_iterations to 1/,
    ],
    [() => plan({}, [...serve, "--profiler-config", "torch"]), /is no JSON object/],
    [() => plan({}, [...serve, "--profiler-config.profiler=cuda"]), /only with "torch"/],
    [
      () => plan({ traceDir: "a" }, [...serve, "--profiler-config.torch_profiler_dir=b"]),
      /give one of the two/,
    ],
  ];
  for (const [make, message] of cases) assert.throws(make, { name: "UsageError", message });
});

Deno.test("a memory fraction above 0.1 is warned of, and auto is above", () => {
  for (const fraction of ["0.5", "auto", "AUTO"]) {
    const { warnings } = plan({ model: "M", memoryFraction: fraction });
    assert.match(warnings.join(), /Xcode allocates all of it again .* could lock the machine/);
  }
  for (const fraction of ["0.1", "0.01", "1e-2"]) {
    assert.deepEqual(plan({ model: "M", memoryFraction: fraction }).warnings, []);
  }
  const { warnings, processes } = plan({ url: "http://h:1/", traceDir: "t" });
  assert.match(warnings.join(), /cannot be asked for/);
  assert.deepEqual(processes, []);
});

Deno.test("flags of the profiler are kept, and only what is missing is added", () => {
  const serve = ["vllm", "serve", "M"];
  const dotted = withProfiler("metal", [
    ...serve,
    "--profiler-config.torch-profiler-dir",
    "/t",
    "--profiler-config.torch_profiler_with_stack=false",
    "--profiler-config.max_iterations=0",
  ], "/x");
  assert.deepEqual(dotted.argv.slice(-1), ["--profiler-config.profiler=torch"]);
  assert.equal(dotted.traceDir, "/t");
  assert.deepEqual(dotted.without_effect, ["torch_profiler_with_stack"]);
  const joined = withProfiler("metal", [...serve, '--profiler_config={"profiler":"torch"}'], "/x");
  assert.deepEqual(joined.argv, [
    ...serve,
    '--profiler-config={"profiler":"torch","torch_profiler_dir":"/x"}',
  ]);
  fc.assert(fc.property(fc.array(fc.string()), (words) => {
    try {
      const { argv } = withProfiler("metal", ["vllm", "serve", ...words], "/x");
      assert.ok(argv.some((word) => word.includes("torch_profiler_dir") || word.includes("/x")));
    } catch (error) {
      assert.equal((error as Error).name, "UsageError");
    }
  }));
});

Deno.test("the estimate grows with model, tokens and captures, and is that of the guide for its recipe", () => {
  const guide = estimateCapture({ billions: 0.6, layers: 28, maxTokens: 10, captures: 1 });
  assert.deepEqual(
    [guide.expected_bytes, guide.upper_bytes, guide.seconds, guide.scale],
    [2.2e9, 26e9, 49, 1],
  );
  const deep = estimateCapture({ billions: 0.6, layers: 56, maxTokens: 10, captures: 1 });
  assert.equal(deep.scale, 2);
  assert.equal(estimateCapture({ maxTokens: 1, captures: 1 }).expected_bytes, 2.2e9);
  const size = fc.record({
    billions: fc.double({ min: 0.1, max: 400, noNaN: true }),
    layers: fc.integer({ min: 1, max: 200 }),
    maxTokens: fc.integer({ min: 1, max: 500 }),
    captures: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(fc.property(size, (asked) => {
    const one = estimateCapture(asked);
    for (const more of ["billions", "layers", "maxTokens", "captures"] as const) {
      const two = estimateCapture({ ...asked, [more]: 2 * asked[more] });
      assert.ok(two.expected_bytes >= one.expected_bytes && two.seconds >= one.seconds, more);
      assert.ok(two.upper_bytes >= one.upper_bytes, more);
    }
  }));
});

Deno.test("a model's size is told from its name, or not at all", () => {
  const names: [string, number | undefined][] = [
    ["Qwen/Qwen3-0.6B", 0.6],
    ["meta-llama/Llama-3.2-1B-Instruct", 1],
    ["Qwen/Qwen3-30B-A3B", 30],
    ["HuggingFaceTB/SmolLM2-135M", 0.135],
    ["mlx-community/Qwen3-8B-4bit", 8],
    ["openai/gpt-oss-20b", 20],
    ["/models/7B-chat/", 7],
    ["facebook/opt", undefined],
    ["Qwen/Qwen3", undefined],
  ];
  for (const [name, billions] of names) assert.equal(billionsOf(name), billions, name);
});

Deno.test("messages of vllm-metal are known for what they mean", () => {
  const start = "WARNING 08-22 21:28:48 [wrapper.py:80] Failed to start profiler: ";
  assert.equal(
    failedStart(["x", `${start}[metal::start_capture] no`]),
    "[metal::start_capture] no",
  );
  assert.equal(failedStart([start]), "no reason given");
  assert.equal(failedStart(["Profiler started."]), undefined);
  assert.match(meaningOf([`${start}Capture layer is not inserted.`])!, /MTL_CAPTURE_ENABLED=1/);
  assert.match(meaningOf(["ValueError: … WorkerProfiler.step() …"])!, /delay_iterations/);
  assert.match(meaningOf(["Profiling is not enabled."])!, /without a profiler/);
  assert.equal(meaningOf(["all is well"]), undefined);
});
