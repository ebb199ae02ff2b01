import assert from "node:assert/strict";
import {
  configureProfiler,
  type ProfilerWish,
  translationLine,
} from "../../../kit/engine/torch/configure.ts";
import {
  profilerConfigOf,
  withProfilerConfig,
  workersOf,
} from "../../../kit/engine/torch/server_command.ts";

const WISH: ProfilerWish = {
  dir: "/t",
  delayIterations: 2,
  maxIterations: 8,
  withStack: false,
  recordShapes: true,
  withMemory: false,
  withFlops: false,
  frontend: false,
  flushSec: 600,
};

/** Fields of vLLM 0.17. */
const FIRST = [
  "profiler",
  "torch_profiler_dir",
  "torch_profiler_with_stack",
  "torch_profiler_with_flops",
  "torch_profiler_use_gzip",
  "torch_profiler_dump_cuda_time_total",
  "torch_profiler_record_shapes",
  "torch_profiler_with_memory",
  "ignore_frontend",
  "delay_iterations",
  "max_iterations",
];

Deno.test("a vLLM with ProfilerConfig gets the fields that it has, with stacks off and its count of the delay", () => {
  const { config, env, missing } = configureProfiler(WISH, { fields: FIRST, variables: [] });
  assert.deepEqual(config, {
    profiler: "torch",
    torch_profiler_dir: "/t",
    torch_profiler_with_stack: false,
    torch_profiler_record_shapes: true,
    torch_profiler_with_memory: false,
    torch_profiler_with_flops: false,
    torch_profiler_use_gzip: true,
    torch_profiler_dump_cuda_time_total: false,
    ignore_frontend: true,
    delay_iterations: 3,
    max_iterations: 8,
  });
  assert.deepEqual([env, missing], [{}, []]);
  assert.deepEqual(
    configureProfiler({ ...WISH, delayIterations: 0 }).config?.["delay_iterations"],
    0,
  );
});

Deno.test("what is asked for and cannot be told is named; what is only our habit is left out", () => {
  const fields = ["profiler", "torch_profiler_dir", "torch_profiler_with_stack"];
  const { config, missing } = configureProfiler(WISH, { fields, variables: [] });
  assert.deepEqual(Object.keys(config ?? {}), fields);
  assert.equal(missing.length, 3);
  assert.match(
    missing.join("\n"),
    /record_shapes: no shapes\n.*delay_iterations.*\n.*max_iterations/,
  );
});

Deno.test("a vLLM without ProfilerConfig gets the variables of its time", () => {
  const { config, env } = configureProfiler(WISH, {
    fields: undefined,
    variables: ["VLLM_RPC_TIMEOUT", "VLLM_TORCH_PROFILER_DIR"],
  });
  assert.equal(config, undefined);
  assert.equal(env["VLLM_TORCH_PROFILER_DIR"], "/t");
  assert.equal(env["VLLM_TORCH_PROFILER_WITH_STACK"], "0");
  assert.equal(env["VLLM_PROFILER_MAX_ITERS"], "8");
  assert.equal(env["VLLM_RPC_TIMEOUT"], "600000");
});

Deno.test("a step's time limit is widened where the traces may take longer", () => {
  const name = "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS";
  const env = (flushSec: number, variables?: string[]) =>
    configureProfiler(
      { ...WISH, flushSec },
      variables && { fields: FIRST, variables },
    ).env[name];
  assert.equal(env(1800), "1800");
  assert.equal(env(60), undefined);
  assert.equal(env(1800, []), undefined);
  assert.equal(env(1800, [name]), "1800");
});

Deno.test("one line says what became of the variables of older documentation", () => {
  const line = (fields: string[] | undefined, variables: string[], dir: boolean, rpc: boolean) => {
    const setup = configureProfiler({ ...WISH, flushSec: 1800 }, { fields, variables });
    return translationLine({ dir, rpcTimeout: rpc }, setup, "0.32.0");
  };
  assert.equal(line(FIRST, [], false, false), undefined);
  assert.equal(
    line(FIRST, [], true, false),
    "VLLM_TORCH_PROFILER_DIR, which vLLM 0.32.0 ignores, is given to it as " +
      "--profiler-config.torch_profiler_dir=/t",
  );
  assert.match(line(undefined, [], true, false)!, /is understood by vLLM 0\.32\.0 as it is/);
  assert.match(
    line(FIRST, ["VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS"], false, true)!,
    /VLLM_RPC_TIMEOUT, which .* ignores, bounds .*VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS=1800/,
  );
  assert.doesNotMatch(line(FIRST, ["VLLM_RPC_TIMEOUT"], false, true)!, /ignores/);
});

Deno.test("what a command says of its profiler itself stays, in either form", () => {
  const ours = { profiler: "torch", torch_profiler_dir: "/ours", max_iterations: 8 };
  const dotted = "vllm serve M --profiler-config.torch_profiler_dir /theirs --port 1".split(" ");
  assert.deepEqual(withProfilerConfig(dotted, ours), [
    ..."vllm serve M --port 1".split(" "),
    "--profiler-config.profiler=torch",
    "--profiler-config.torch_profiler_dir=/theirs",
    "--profiler-config.max_iterations=8",
  ]);
  const json = ["vllm", "serve", "M", '--profiler-config={"torch_profiler_dir":"/theirs"}'];
  assert.deepEqual(withProfilerConfig(json, ours), [
    "vllm",
    "serve",
    "M",
    "--profiler-config",
    '{"profiler":"torch","torch_profiler_dir":"/theirs","max_iterations":8}',
  ]);
  assert.deepEqual(profilerConfigOf(["--profiler-config.ignore_frontend=true"]), {
    ignore_frontend: true,
  });
  assert.throws(() => profilerConfigOf(["--profiler-config", "{"]), /no JSON object/);
});

Deno.test("workersOf() multiplies the degrees of parallelism", () => {
  const of = (line: string) => workersOf(line.split(" "));
  assert.equal(of("vllm serve M"), 1);
  assert.equal(of("vllm serve M -tp 2 --pipeline_parallel_size=2 --data-parallel-size 3"), 12);
  assert.equal(of("vllm serve M --tensor-parallel-size nonsense"), 1);
});
