import assert from "node:assert/strict";
import { vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { writeFakeVllm } from "../../hooks/fake_vllm.ts";

/** A profiler's name, the flag that switches it off, and the variable that tells the hooks so. */
const SWITCHES = [
  ["cuda_graph", "--no-cuda-graph-tracking", "ENABLE_CUDA_GRAPH_TRACKING"],
  ["kv_cache", "--no-kv-cache-tracking", "ENABLE_KV_CACHE_TRACKING"],
  ["moe_expert", "--no-moe-expert-tracking", "ENABLE_MOE_EXPERT_TRACKING"],
  ["forward_pass", "--no-forward-pass-timing", "ENABLE_FORWARD_PASS_TIMING"],
  ["cpu_operations", "--no-cpu-timing", "ENABLE_CPU_TIMING"],
  ["batch_utilization", "--no-batch-utilization-tracking", "ENABLE_BATCH_UTILIZATION_TRACKING"],
  ["request_lifecycle", "--no-preemption-tracking", "ENABLE_PREEMPTION_TRACKING"],
  ["encoder_decoder", "--no-encoder-decoder-timing", "ENABLE_ENCODER_DECODER_TIMING"],
] as const;

type Variable = typeof SWITCHES[number][2];
const VARIABLES = SWITCHES.map(([, , variable]) => variable);

/** The switches that a plan of monitor sets for vLLM. */
async function planned(flags: string[], env: Record<string, string> = {}) {
  const args = ["monitor", "--dry-run", "--json", ...flags, "--", "vllm", "serve", "m"];
  const { code, stdout, stderr } = await vscopeHere(args, { env });
  assert.equal(code, 0, stderr);
  const set: Record<string, string> = JSON.parse(stdout).processes[0].env;
  return Object.fromEntries(Object.entries(set).filter(([name]) => name.startsWith("ENABLE_")));
}

const off = (names: readonly Variable[]) => Object.fromEntries(names.map((name) => [name, "0"]));

Deno.test("without a choice no switch is set, because all of them are on", async () => {
  assert.deepEqual(await planned([]), {});
});

Deno.test("each --no-… sets its own variable to 0 and no other", async () => {
  for (const [, flag, variable] of SWITCHES) {
    assert.deepEqual(await planned([flag]), off([variable]), flag);
  }
  const flags = SWITCHES.map(([, flag]) => flag);
  assert.deepEqual(await planned(flags), off(VARIABLES));
});

Deno.test("--profilers sets every variable but those of the ones it names", async () => {
  for (const [name, , variable] of SWITCHES) {
    const others = VARIABLES.filter((other) => other !== variable);
    assert.deepEqual(await planned(["--profilers", name]), off(others), name);
  }
  assert.deepEqual(
    await planned(["--profilers", "kv_cache,cpu_operations"]),
    off(VARIABLES.filter((name) => !/KV_CACHE|CPU_TIMING/.test(name))),
  );
});

Deno.test("a flag has the last word over a variable that vLLM would inherit", async () => {
  const env = { ENABLE_KV_CACHE_TRACKING: "0" };
  // It is inherited as it is: nothing needs to be set.
  assert.deepEqual(await planned([], env), {});
  assert.deepEqual(await planned(["--kv-cache-tracking"], env), { ENABLE_KV_CACHE_TRACKING: "1" });
});

Deno.test("the hooks are given the switches, and metadata.json tells them", async () => {
  const cases: [string[], string[]][] = [
    [[], []],
    [["--no-kv-cache-tracking", "--no-cpu-timing"], ["kv_cache", "cpu_operations"]],
    [
      ["--profilers", "forward_pass,moe_expert"],
      SWITCHES.map(([name]) => name).filter((name) => !/forward|moe/.test(name)),
    ],
  ];
  for (const [flags, without] of cases) {
    await inFolder(async (dir) => {
      await writeFakeVllm(`${dir}/site`);
      // What the hooks themselves make of what they are given.
      const look = "import json; from vscope_hooks.session import TOGGLES, enabled; " +
        "print(json.dumps({name.lower(): enabled(name) for name in TOGGLES}))";
      const args = ["monitor", "--out", `${dir}/run`, ...flags];
      const ran = await vscopeHere([...args, "--", "python3", "-c", look], {
        env: { PYTHONPATH: `${dir}/site` },
        cwd: dir,
      });
      const metadata = JSON.parse(await Deno.readTextFile(`${dir}/run/metadata.json`));
      const told = Object.fromEntries(
        Object.entries(metadata).filter(([name]) => name.startsWith("enable_")),
      );
      const wanted = Object.fromEntries(
        SWITCHES.map(([name, , variable]) => [variable.toLowerCase(), !without.includes(name)]),
      );
      assert.deepEqual(told, wanted);
      const seen = ran.stdout.split("\n").find((line) => line.startsWith('{"enable_'));
      assert.deepEqual(JSON.parse(seen ?? "{}"), wanted, ran.stderr);
    });
  }
});
