import assert from "node:assert/strict";
import { inFolder, namesIn } from "../folders.ts";
import { python } from "./python.ts";

/** What each switch turns off: the names of its hooks, and what they write of a process. */
const TOGGLED: Record<string, { hooks: string[]; tables: string[] }> = {
  ENABLE_CUDA_GRAPH_TRACKING: { hooks: ["cuda_graph"], tables: ["cuda_graphs"] },
  ENABLE_KV_CACHE_TRACKING: {
    hooks: ["kv_cache", "kv_eviction"],
    tables: ["kv_cache_usage", "kv_cache_evictions"],
  },
  ENABLE_MOE_EXPERT_TRACKING: { hooks: ["moe_expert"], tables: ["moe_load_imbalance"] },
  ENABLE_FORWARD_PASS_TIMING: { hooks: ["forward_pass"], tables: ["forward_pass_timing"] },
  ENABLE_CPU_TIMING: { hooks: ["cpu_operations"], tables: ["cpu_operations_timing"] },
  ENABLE_BATCH_UTILIZATION_TRACKING: {
    hooks: ["batch_utilization"],
    tables: ["batch_utilization"],
  },
  ENABLE_PREEMPTION_TRACKING: {
    hooks: ["request_lifecycle"],
    tables: ["request_events", "request_results"],
  },
  ENABLE_ENCODER_DECODER_TIMING: {
    hooks: ["encoder_decoder"],
    tables: ["encoder_decoder_timing"],
  },
};

/** What no switch turns off, because the others need it. */
const ALWAYS = {
  hooks: ["engine_facts", "pass_marks", "scheduler_steps", "last_flush"],
  tables: ["step_adjustments"],
};

interface Hook {
  name: string;
  status: string;
}

/** What a run with this environment attached, wrote, and says of its switches. */
async function recordedWith(env: Record<string, string>) {
  return await inFolder(async (dir) => {
    const script = new URL("toy_engine.py", import.meta.url).pathname;
    const ran = await python("import runpy, sys; runpy.run_path(sys.argv[1])", {
      VLLM_PROFILING_DIR: dir,
      ...env,
    }, [script]);
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "", ""]);
    const [session] = await namesIn(dir);
    const read = async (path: string) =>
      JSON.parse(await Deno.readTextFile(`${dir}/${session}/${path}`));
    const [process] = await namesIn(`${dir}/${session}/processes`);
    const { hooks, errors } = await read(`processes/${process}/process.json`);
    assert.deepEqual(errors ?? [], []);
    const folder = `${dir}/${session}/processes/${process}`;
    const files = (await namesIn(folder)).filter((name) => name.endsWith(".csv"));
    for (const name of files) {
      assert.match(await Deno.readTextFile(`${folder}/${name}`), /\n.+\n/, `${name} has no rows`);
    }
    const metadata = await read("metadata.json");
    return {
      hooks: [...new Set(hooks.map(({ name }: Hook) => name))].sort(),
      strange: hooks.filter(({ status }: Hook) => status !== "attached"),
      tables: files.map((name) => name.slice(0, -4)).sort(),
      toggles: Object.fromEntries(
        Object.entries(metadata).filter(([name]) => name.startsWith("enable_")),
      ),
    };
  });
}

/** The same where these switches are off. */
function wantedWithout(off: string[]) {
  const on = Object.keys(TOGGLED).filter((name) => !off.includes(name)).map((name) =>
    TOGGLED[name]!
  );
  const hooks = [ALWAYS, ...on].flatMap(({ hooks }) => hooks).sort();
  return {
    hooks,
    strange: [],
    tables: [ALWAYS, ...on].flatMap(({ tables }) => tables).sort(),
    toggles: Object.fromEntries(
      Object.keys(TOGGLED).map((name) => [name.toLowerCase(), !off.includes(name)]),
    ),
  };
}

Deno.test("these are all switches that profilers have", async () => {
  const { stdout, stderr } = await python(`
import importlib, json
from vscope_hooks.profilers import MODULES
from vscope_hooks.session import TOGGLES
found = {}
for name in MODULES:
    module = importlib.import_module("vscope_hooks.profilers." + name)
    found.setdefault(module.TOGGLE or "none", set()).add(module.NAME)
print(json.dumps([{toggle: sorted(names) for toggle, names in found.items()}, TOGGLES]))`);
  assert.equal(stderr, "");
  const [found, told] = JSON.parse(stdout);
  const wanted = Object.entries(TOGGLED).map(([name, { hooks }]) => [name, hooks]);
  assert.deepEqual(found, { ...Object.fromEntries(wanted), none: [...ALWAYS.hooks].sort() });
  assert.deepEqual(told.sort(), Object.keys(TOGGLED).sort());
});

Deno.test("with every switch on each profiler attaches and writes", async () => {
  assert.deepEqual(await recordedWith({}), wantedWithout([]));
});

for (const toggle of Object.keys(TOGGLED)) {
  Deno.test(`${toggle}=0 leaves out what it names, and nothing else`, async () => {
    assert.deepEqual(await recordedWith({ [toggle]: "0" }), wantedWithout([toggle]));
  });
}

Deno.test("with every switch off there is what names passes and steps, and no more", async () => {
  const off = Object.keys(TOGGLED);
  assert.deepEqual(
    await recordedWith(Object.fromEntries(off.map((name) => [name, "false"]))),
    wantedWithout(off),
  );
});
