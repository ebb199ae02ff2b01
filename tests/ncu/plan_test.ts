import assert from "node:assert/strict";
import { SECTIONS } from "../../kit/engine/ncu/command.ts";
import { vscopeHere } from "../cli.ts";
import { onNcu } from "./on_ncu.ts";

/** The plan of a command line, without ncu or vLLM. */
async function planned(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await vscopeHere(
    ["ncu", "--dry-run", "--json", "--out", "/b/run", ...args],
    { env: { PATH: "/nowhere", ...env } },
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

const SERVER = ["--", "vllm", "serve", "M"];

Deno.test("--dry-run prints the exact command, and starts nothing", async () => {
  const plan = await planned([
    ...["--kernels", "gemm|nvjet", "--skip", "7", "--count", "9", "--delay-iterations", "2"],
    ...["--max-iterations", "3", ...SERVER],
  ]);
  const { argv, env } = plan.processes[0];
  assert.deepEqual(argv, [
    ...["ncu", "--export", "/b/run/rep", "--force-overwrite", "--target-processes", "all"],
    ...["--replay-mode", "kernel", "--graph-profiling", "node", "--cache-control", "all"],
    ...["--clock-control", "none", "--filter-mode", "global", "--profile-from-start", "off"],
    ...["--check-exit-code", "no", "--kernel-name-base", "demangled"],
    ...["--kernel-name", "regex:gemm|nvjet", "--launch-skip", "7", "--launch-count", "9"],
    ...SECTIONS.flatMap((name) => ["--section", name]),
    ...["vllm", "serve", "M", "--enforce-eager", "--kv-cache-memory-bytes", "1073741824"],
    ...["--max-model-len", "auto", "--profiler-config.profiler=cuda"],
    ...["--profiler-config.delay_iterations=3", "--profiler-config.max_iterations=3"],
  ]);
  assert.deepEqual(env, {
    VLLM_WORKER_MULTIPROC_METHOD: "spawn",
    VLLM_RPC_TIMEOUT: "3600000",
    VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS: "3600",
    VLLM_ENGINE_ITERATION_TIMEOUT_S: "3600",
  });
  const notes = JSON.stringify(plan.notes);
  assert.match(notes, /at most 9 launches of kernels like gemm\|nvjet/);
  assert.match(notes, /KV cache is made 1GiB small/);
  assert.match(notes, /Clocks are left as they are in service: this needs no permission/);
});

Deno.test("what the command says itself stays", async () => {
  const argvOf = async (...args: string[]) =>
    (await planned(args)).processes[0].argv.slice(-6).join(" ");
  const own = "vllm serve M --enforce_eager --num-gpu-blocks-override=64";
  assert.match(
    await argvOf("--", ...own.split(" ")),
    /--enforce_eager --num-gpu-blocks-override=64 --profiler-config\.profiler=cuda$/,
  );
  assert.match(
    await argvOf("--cuda-graphs", "--kv-cache-memory", "2GiB", ...SERVER, "--max-model-len", "64"),
    /M --max-model-len 64 --kv-cache-memory-bytes 2147483648 --profiler-config\.profiler=cuda$/,
  );
  const plan = await planned(["--kv-cache-memory", "0", ...SERVER]);
  assert.match(plan.processes[0].argv.join(" "), /M --enforce-eager --profiler-config/);
  assert.match(
    plan.warnings.join(),
    /--kv-cache-memory 0: .*seconds a launch were seen with 40 GB/,
  );
  const { processes } = await planned(SERVER, { VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS: "9" });
  assert.equal(processes[0].env.VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS, "9");
});

Deno.test("each form of the command line is measured in its own way", async () => {
  const words = async (...args: string[]) => (await planned(args)).processes[0].argv.join(" ");
  // A hook in the program, not its command line, tells vLLM of the profiler and its arguments.
  assert.match(
    await words("--", "vllm", "bench", "latency", "--model", "M"),
    /--profile-from-start off --launch-count 60 .* vllm bench latency --model M$/,
  );
  assert.doesNotMatch(await words("--", "./a.out"), /profile-from-start|check-exit-code|vllm/);
  assert.match(
    await words("--capture-range", "cudaProfilerApi", "--", "./a.out"),
    /--profile-from-start off/,
  );
  const whole = await planned(["--capture-range", "none", "--", "python", "x.py"]);
  assert.doesNotMatch(whole.processes[0].argv.join(" "), /profile-from-start/);
  assert.match(whole.warnings.join(), /measured from its start on/);
  assert.match(
    await words("--set", "full", "--metrics", "a.sum,b.avg", "--cuda-graphs", ...SERVER),
    /--launch-count 60 --set full --metrics a\.sum,b\.avg vllm serve M --kv-cache/,
  );
  assert.match(
    await words("--sections", "Occupancy", "--graph-profiling", "graph", ...SERVER),
    /--graph-profiling graph .* --launch-count 60 --section Occupancy vllm/,
  );
});

Deno.test("kinds of work become one expression; with several ranks, collectives are left out", async () => {
  const argv: string[] = (await planned(["--category", "attention", ...SERVER])).processes[0].argv;
  const regex = new RegExp(argv[argv.indexOf("--kernel-name") + 1]!.slice("regex:".length));
  assert.match("void flash::FlashAttnFwdSm90<int>()", regex);
  assert.doesNotMatch("nvjet_tst_128x64_64x8", regex);
  const all = await planned(["--category", "ffn,other", ...SERVER]);
  assert.doesNotMatch(all.processes[0].argv.join(" "), /kernel-name/);
  assert.match(all.warnings.join(), /--category other is what no rule matches/);
  const ranks = await planned([...SERVER, "--tensor-parallel-size", "2"]);
  const names: string[] = ranks.processes[0].argv;
  const chosen = new RegExp(names[names.indexOf("--kernel-name") + 1]!.slice("regex:".length));
  assert.doesNotMatch("ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgs)", chosen);
  assert.match(ranks.notes.join(), /Collectives are left out/);
  const kernels = await planned(["--kernels", "x", ...SERVER, "-tp", "2"]);
  assert.match(kernels.warnings.join(), /should --kernels choose collectives, it hangs/);
});

Deno.test("what contradicts itself is refused in one sentence, and nothing is started", async () => {
  const cases: [string[], RegExp][] = [
    [[], /no command follows "--"/],
    [["--", "ncu", "python"], /the command starts ncu itself/],
    [["--", "vllm", "bench", "serve"], /client without a server.*--bench ARGS/],
    [["--kernels", "x", "--category", "ffn", ...SERVER], /two choices of kernels; leave one out/],
    [["--kernels", "(", ...SERVER], /--kernels is "\(", which is no regular expression/],
    [["--category", "gemm", ...SERVER], /one of attention, ffn/],
    [["--category", "communication", ...SERVER, "-tp", "4"], /with 4 ranks vLLM would hang/],
    [["--capture-range", "none", ...SERVER], /would measure the server's start; leave it out/],
    [["--set", "full", "--sections", "Occupancy", ...SERVER], /--set and --sections are two/],
    [["--no-load", "--", "python", "x.py"], /--no-load are for a server/],
    [["--no-load", "--bench", "x", ...SERVER], /--bench and --no-load are two loads/],
    [["--bench", '"x', ...SERVER], /Cannot run ncu: option "--bench".*close its quotes/],
    [[...SERVER, "--profiler-config.profiler=torch"], /configures the profiler "torch"/],
    [["--count", "0", ...SERVER], /from 1 to/],
  ];
  await onNcu({}, {}, async ({ run, calls }) => {
    for (const [args, message] of cases) {
      const { code, json } = await run(args);
      assert.equal(code, 2, args.join(" "));
      assert.match(json.error!.message, message);
    }
    assert.deepEqual(await calls(), []);
  });
});
