import assert from "node:assert/strict";
import { vscopeHere } from "../cli.ts";
import { onNsys } from "./on_nsys.ts";

/** The plan of a command line, without nsys or vLLM. */
async function planned(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await vscopeHere(
    ["nsys", "--dry-run", "--json", "--out", "/b/run", ...args],
    { env: { PATH: "/nowhere", ...env } },
  );
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("--dry-run prints the exact command, and starts nothing", async () => {
  const plan = await planned(
    ["--cuda-graphs", "graph", "--max-iterations", "9", "--delay-iterations", "2", "--", "vllm"]
      .concat(["serve", "M"]),
  );
  const { argv, env } = plan.processes[0];
  assert.deepEqual(argv.filter((word: string) => !word.startsWith("--session-new=vscope-")), [
    "nsys",
    "profile",
    "--output=/b/run/rep",
    "--trace=cuda,nvtx",
    "--sample=none",
    "--cpuctxsw=none",
    "--trace-fork-before-exec=true",
    "--cuda-graph-trace=graph",
    "--capture-range=cudaProfilerApi",
    "--capture-range-end=stop",
    "--kill=none",
    "--wait=primary",
    "vllm",
    "serve",
    "M",
    "--profiler-config.profiler=cuda",
    "--profiler-config.delay_iterations=3",
    "--profiler-config.max_iterations=9",
  ]);
  assert.deepEqual(env, { VLLM_WORKER_MULTIPROC_METHOD: "spawn" });
  assert.match(JSON.stringify(plan.notes), /The command gets \d+ variables/);
});

Deno.test("each form of the command line has its own recording", async () => {
  const words = async (...args: string[]) => (await planned(args)).processes[0].argv.join(" ");
  assert.match(
    await words("--delay", "90.5", "--duration", "1m", "--", "vllm", "serve", "M"),
    /--delay=91 --duration=60 --kill=sigterm --wait=primary vllm serve M$/,
  );
  assert.match(
    await words("--duration", "9", "--keep-serving", "--", "vllm", "serve", "M"),
    /--duration=9 --kill=none --wait=primary vllm serve M$/,
  );
  const whole = await words("--capture-range", "none", "--", "vllm", "serve", "M");
  assert.doesNotMatch(whole, /capture-range|profiler-config/);
  // A hook in the program, not its command line, tells vLLM of the profiler.
  const latency = ["vllm", "bench", "latency", "--model", "M"];
  assert.match(
    await words("--", ...latency),
    /--capture-range=cudaProfilerApi .* vllm bench latency --model M$/,
  );
  assert.doesNotMatch(await words("--", "./a.out"), /capture-range/);
  assert.match(
    await words("--capture-range", "cudaProfilerApi", "--", "./a.out"),
    /--capture-range=cudaProfilerApi/,
  );
  // What a person has set stays.
  const { processes } = await planned(["--", "vllm", "serve", "M"], {
    VLLM_WORKER_MULTIPROC_METHOD: "fork",
  });
  assert.equal(processes[0].env.VLLM_WORKER_MULTIPROC_METHOD, "fork");
});

Deno.test("what contradicts itself is refused in one sentence", async () => {
  const server = ["--", "vllm", "serve", "M"];
  const cases: [string[], RegExp][] = [
    [[], /no command follows "--"/],
    [["--", "nsys", "profile", "python"], /the command starts nsys itself/],
    [["--", "vllm", "bench", "serve"], /client without a server.*--bench ARGS/],
    [["--duration", "5", "--capture-range", "cudaProfilerApi", ...server], /leave one out/],
    [["--keep-serving", "--", "python", "x.py"], /--keep-serving are for a server/],
    [["--no-load", "--bench", "x", ...server], /--bench and --no-load are two loads/],
    [["--bench", '"x', ...server], /Cannot run nsys: option "--bench".*close its quotes/],
    [[...server, "--profiler-config.profiler=torch"], /configures the profiler "torch"/],
    [[...server, "--profiler-config", "nonsense"], /Cannot run nsys: .*no JSON object/],
    [["--duration", "0", ...server], /at least 1s|of at least/],
  ];
  await onNsys({}, {}, async ({ run }) => {
    for (const [args, message] of cases) {
      const { code, json } = await run(args);
      assert.equal(code, 2, args.join(" "));
      assert.match(json.error!.message, message);
    }
  });
});

Deno.test("nsys stop is a command of its own, with its own help", async () => {
  const help = await vscopeHere(["nsys", "stop", "--help"]);
  assert.match(help.stdout, /Usage: vscope nsys stop \[SESSION\]/);
  assert.match((await vscopeHere(["nsys", "--help"])).stdout, /nsys stop +ends a recording/);
  const bash = await vscopeHere(["completions", "bash"]);
  assert.match(bash.stdout, /\n {4}nsys\)[^]*?compgen -W "stop"/);
});
