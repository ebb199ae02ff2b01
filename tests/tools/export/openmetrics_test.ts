/** `vscope export openmetrics`: the text against the specification, the values against the tables. */

import assert from "node:assert/strict";
import { exposition, Family } from "../../../kit/analysis/metrics/families.ts";
import { sessionFamilies } from "../../../kit/analysis/metrics/session_families.ts";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { example, rowsOf, sum } from "./sessions.ts";

/** A sample: its name with its labels, as printed, and its value. */
type Samples = Map<string, number>;

const SUFFIXES: Record<string, RegExp> = {
  counter: /^_total$/,
  gauge: /^$/,
  info: /^_info$/,
  histogram: /^_(bucket|count|sum)$/,
};

/** Reads an exposition strictly; throws on what the specification does not allow. */
function parse(text: string): Samples {
  assert.ok(text.endsWith("\n# EOF\n") || text === "# EOF\n", "ends with # EOF");
  const samples: Samples = new Map();
  const families = new Set<string>();
  let family = { name: "", type: "", stage: 0 };
  for (let line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const [, type] = /^# TYPE \w+ (counter|gauge|histogram|info)$/.exec(line) ?? [];
    if (type) {
      const name = line.split(" ")[2]!;
      assert.match(name, /^vscope_[a-z][a-z0-9_]*$/);
      assert.ok(!families.has(name), `${name} once`);
      families.add(name);
      family = { name, type, stage: 0 };
      continue;
    }
    const [, kind, name, rest] = /^# (UNIT|HELP) (\S+) (.+)$/.exec(line) ?? [];
    if (kind) {
      assert.equal(name, family.name);
      assert.ok(family.stage < (kind === "UNIT" ? 1 : 2), `${line} stands in its order`);
      family.stage = kind === "UNIT" ? 1 : 2;
      if (kind === "UNIT") assert.ok(name!.endsWith(`_${rest}`), `${name} ends with its unit`);
      continue;
    }
    const [plain, trace] = line.split(" # ");
    if (trace !== undefined) {
      assert.match(line, /^\w+_bucket\{/);
      assert.match(trace, /^\{(step|request_id)="[^"]{1,64}"\} \d+(\.\d+)?(e-\d+)?$/);
    }
    line = plain!;
    const sample = /^([a-zA-Z_]\w*)(\{([a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$/.exec(line);
    assert.ok(sample, `"${line}" is a sample without a timestamp`);
    assert.ok(sample[1]!.startsWith(family.name), line);
    assert.match(sample[1]!.slice(family.name.length), SUFFIXES[family.type]!, line);
    const key = line.slice(0, line.lastIndexOf(" "));
    assert.ok(!samples.has(key), `${key} once`);
    const value = Number(sample[4]);
    assert.ok(Number.isFinite(value), line);
    if (family.type !== "gauge") assert.ok(value >= 0, line);
    samples.set(key, value);
  }
  return samples;
}

/** Values whose name and labels fit, summed. */
function total(samples: Samples, pattern: RegExp): number {
  const found = [...samples].filter(([key]) => pattern.test(key));
  assert.ok(found.length > 0, String(pattern));
  return found.reduce((sum, [, value]) => sum + value, 0);
}

const near = (a: number, b: number) =>
  assert.ok(Math.abs(a - b) < 1e-9 * Math.max(1, b), `${a} ${b}`);

Deno.test("export openmetrics prints the last state of real sessions, equal to their tables", async () => {
  for (const name of ["session", "moe"] as const) {
    const { code, stdout, stderr } = await vscopeHere(["export", "openmetrics", example(name)]);
    assert.deepEqual([code, stderr], [0, ""]);
    const samples = parse(stdout);
    const table = (file: string) => rowsOf(`${example(name)}/${file}.csv`);
    const passes = await table("forward_pass_timing");
    for (const phase of new Set(passes.map((row) => row["phase"]!))) {
      const own = passes.filter((row) => row["phase"] === phase);
      const of = (metric: string) =>
        total(samples, new RegExp(`^vscope_${metric}\\{phase="${phase}"`));
      assert.equal(of("forward_passes_total"), own.length);
      assert.equal(of("forward_pass_duration_seconds_count"), own.length);
      near(of("forward_pass_duration_seconds_sum"), sum(own, "forward_time_ms") / 1000);
      assert.equal(of("forward_tokens_total"), sum(own, "num_tokens"));
      const fast = own.filter((row) => Number(row["forward_time_ms"]) <= 5);
      assert.equal(
        total(samples, new RegExp(`duration_seconds_bucket\\{phase="${phase}".*le="0.005"`)),
        fast.length,
      );
    }
    const batches = await table("batch_utilization");
    assert.equal(total(samples, /^vscope_scheduled_batches_total/), batches.length);
    assert.equal(
      total(samples, /^vscope_scheduled_tokens_total/),
      sum(batches, "context_tokens") + sum(batches, "generation_tokens"),
    );
    assert.equal(
      total(samples, /^vscope_running_requests\{/),
      Number(batches.at(-1)!["running_queue_len"]),
    );
    const kv = (await table("kv_cache_usage")).at(-1)!;
    assert.equal(total(samples, /^vscope_kv_cache_used_blocks\{/), Number(kv["num_blocks"]));
    assert.equal(total(samples, /^vscope_kv_cache_blocks\{/), Number(kv["total_blocks"]));
    const requests = await table("request_lifecycle");
    assert.equal(total(samples, /^vscope_requests_total\{/), requests.length);
    assert.equal(
      total(samples, /^vscope_request_generated_tokens_total$/),
      sum(requests, "generated_tokens"),
    );
    assert.equal(
      total(samples, /^vscope_request_prompt_tokens_total$/),
      sum(requests, "prompt_tokens"),
    );
    near(
      total(samples, /^vscope_request_duration_seconds_sum/),
      sum(requests, "finished_sec") - sum(requests, "queued_sec"),
    );
    const usage = await table("cuda_graph_usage");
    assert.equal(total(samples, /^vscope_cuda_graph_replays_total/), sum(usage, "replay_count"));
    const operations = await table("cpu_operations_timing");
    assert.equal(total(samples, /^vscope_cpu_operation_\w+_count/), operations.length);
    assert.equal(
      total(samples, /^vscope_kv_cache_evicted_blocks_total$/),
      (await table("kv_cache_evictions")).length,
    );
    const preempted = (await table("preemption_events"))
      .filter((row) => row["event"] === "preempted");
    assert.ok(preempted.length > 0);
    assert.equal(total(samples, /^vscope_preemptions_total$/), preempted.length);
    if (name === "session") {
      // What was not recorded has no value.
      assert.doesNotMatch(stdout, /vscope_(moe|encoder)/);
      continue;
    }
    const experts = await table("moe_expert_tracking/moe_expert_activations");
    const choices = total(samples, /^vscope_moe_expert_activations_total/);
    assert.equal(choices, sum(experts, "activation_count"));
    const loads = experts.filter((row) => row["layer_idx"] === "0")
      .map((row) => Number(row["activation_count"]));
    near(
      total(samples, /^vscope_moe_expert_load_max_min_ratio\{layer="0"/),
      Math.max(...loads) / Math.min(...loads),
    );
  }
});

Deno.test("export openmetrics writes a file, and takes the whole session only", async () => {
  await inFolder(async (dir) => {
    const args = ["export", "openmetrics", example("moe")];
    const [made, table] = await Promise.all([
      vscopeHere([...args, "--out", "run.prom", "--json"], { cwd: dir }),
      vscopeHere([...args, "kv_cache_usage"]),
    ]);
    const samples = parse(await Deno.readTextFile(`${dir}/run.prom`));
    const families = new Set([...samples.keys()].map((key) => /^\w+/.exec(key)![0]));
    assert.ok(JSON.parse(made.stdout).metric_families <= families.size);
    assert.equal(table.code, 2);
    assert.match(table.stderr, /as openmetrics: it takes the whole session; leave the table out$/m);
  });
});

Deno.test("buckets of a histogram only rise, and the last one is its count", () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.double({ min: 0, max: 20 }), fc.constant(NaN)), { minLength: 1 }),
    (values) => {
      const family = new Family({
        name: "vscope_x_seconds",
        type: "histogram",
        unit: "seconds",
        help: "x",
        buckets: [0.5, 1, 10],
      });
      for (const value of values) family.observe(value);
      const finite = values.filter(Number.isFinite);
      const samples = parse(exposition([family]));
      if (finite.length === 0) return assert.equal(samples.size, 0);
      const bucket = (le: string) => samples.get(`vscope_x_seconds_bucket{le="${le}"}`)!;
      assert.equal(bucket("0.5"), finite.filter((value) => value <= 0.5).length);
      assert.equal(bucket("10.0"), finite.filter((value) => value <= 10).length);
      assert.ok(bucket("0.5") <= bucket("1.0") && bucket("1.0") <= bucket("10.0"));
      assert.equal(bucket("+Inf"), finite.length);
      assert.equal(samples.get("vscope_x_seconds_count"), finite.length);
    },
  ));
});

Deno.test("labels of any text are escaped", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const family = new Family({ name: "vscope_x", type: "counter", help: text || "x" });
    family.add(1, { label: text, absent: undefined });
    const lines = exposition([family]).split("\n");
    const [, label] = /^vscope_x_total\{label="(.*)"\} 1$/s.exec(lines[2]!)!;
    const read = label!.replace(/\\(.)/g, (_, sign: string) => sign === "n" ? "\n" : sign);
    assert.equal(read, text);
  }));
});

Deno.test("every metric is documented, with what it counts", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/export.md", import.meta.url));
  for (const { shape } of Object.values(sessionFamilies())) {
    const suffix = { counter: "_total", info: "_info", gauge: "", histogram: "" }[shape.type];
    assert.ok(page.includes(`| \`${shape.name}${suffix}\` | ${shape.type} |`), shape.name);
  }
});
