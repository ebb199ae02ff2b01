import assert from "node:assert/strict";
import { compareWithVllm } from "../../../kit/analysis/vllm_metrics/compare.ts";
import { readExposition, sumOf } from "../../../kit/analysis/vllm_metrics/exposition.ts";
import { exposition, Family } from "../../../kit/analysis/metrics/families.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";

const LAST = `# HELP vllm:request_success_total Count
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop"} 2.0
vllm:request_success_total{engine="0",finished_reason="length"} 1.0
vllm:generation_tokens_total{engine="0",model_name="a\\"b,c}"} 30.0
vllm:num_preemptions_total{engine="0"} 0.0
vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf"} 3.0
vllm:time_to_first_token_seconds_count{engine="0"} 3.0
vllm:time_to_first_token_seconds_sum{engine="0"} 0.6
vllm:kv_block_lifetime_seconds_count{engine="0"} 0.0
vllm:kv_block_lifetime_seconds_sum{engine="0"} 0.0
vllm:kv_cache_usage_perc{engine="0"} 0.0
vllm:num_requests_running{engine="0"} 0.0
python_gc_objects_collected_total 5.0
`;

const LOG = [
  "(APIServer pid=7) INFO 11-26 05:00:00 [loggers.py:200] Engine 000: Iteration(1): 1 context requests, 5 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 4.00 ms, CPU KV cache usage: 1.0%",
  "(APIServer pid=7) INFO 11-26 05:00:00 [loggers.py:200] Engine 000: Iteration(2): 0 context requests, 0 context tokens, 0 generation requests, 0 generation tokens, iteration elapsed time: 4.00 ms (dummy)",
  "(APIServer pid=7) INFO 11-26 05:00:00 [cuda_graph.py:90] | 5               | 8             | 3            | PIECEWISE    | 4     |",
  "what a client sent: Iteration(9): 5 context requests",
  "",
].join("\n");

async function bundle(dir: string): Promise<void> {
  await Deno.mkdir(`${dir}/vllm_metrics`, { recursive: true });
  await Deno.mkdir(`${dir}/logs`);
  const write = (name: string, text: string) => Deno.writeTextFile(`${dir}/${name}`, text);
  await write("vllm_metrics/last.prom", LAST);
  await write(
    "vllm_metrics/values.csv",
    'timestamp_sec,metric,labels,value\n1,vllm:kv_cache_usage_perc,"engine=""0""",0.25\n' +
      '2,vllm:kv_cache_usage_perc,"engine=""0""",0.5\n3,vllm:kv_cache_usage_perc,"engine=""0""",0\n',
  );
  await write(
    "vllm_metrics/scrapes.json",
    JSON.stringify({
      schema_version: 1,
      url: "http://127.0.0.1:1/metrics",
      interval_sec: 1,
      scrapes: 3,
      failed: 0,
      last_sec: 3,
      added_options: [],
      missing_options: [],
    }),
  );
  await write("logs/stdout.log", LOG);
  await write(
    "request_lifecycle.csv",
    "request_id,queued_sec,started_sec,first_token_sec,finished_sec,prompt_tokens,generated_tokens,status\n" +
      "a,1,1,1.1,2,5,10,stop\nb,1,1,1.3,2,5,12,abort\nc,1,1,,,5,,unfinished\n",
  );
  await write("preemption_events.csv", "timestamp_sec,event\n");
  await write("kv_cache_usage.csv", "timestamp_sec,usage_pct\n1,60\n2,10\n");
  await write("batch_utilization.csv", "context_tokens,generation_tokens\n5,0\n0,2\n");
  await write("forward_pass_timing.csv", "cudagraph_mode,rank\nPIECEWISE,0\nNONE,0\nPIECEWISE,1\n");
}

Deno.test("both accounts stand side by side, and what one of them lacks has no row", async () => {
  await inFolder(async (dir) => {
    await bundle(dir);
    const found = (await compareWithVllm(Deno, dir))!;
    const rows = new Map(
      found.rows.map(({ what, vllm, ours, difference_pct: pct }) => [
        what,
        [Math.round(vllm), Math.round(ours), pct === undefined ? undefined : Math.round(pct)],
      ]),
    );
    assert.deepEqual([...rows], [
      ["requests ended", [3, 2, -33]],
      ["generated tokens", [30, 22, -27]],
      ["preemptions", [0, 0, undefined]],
      ["mean time to first token", [200, 200, 0]],
      ["peak use of the KV cache", [50, 60, 20]],
      ["steps in the log", [1, 2, 100]],
      ["tokens of steps in the log", [5, 7, 40]],
      ["passes with CUDA graph mode PIECEWISE", [4, 1, -75]],
    ]);
    // No block was given up: there is no mean life, and ours was not recorded.
    assert.deepEqual(found.others, ["vllm:kv_block_lifetime_seconds", "vllm:num_requests_running"]);
  });
});

Deno.test("without a scrape there is nothing to compare", async () => {
  await inFolder(async (dir) => {
    assert.equal(await compareWithVllm(Deno, dir), undefined);
  });
});

Deno.test("an exposition reads back what was written, whatever its labels are", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.double({ noNaN: true }))),
      (pairs) => {
        const family = new Family({ name: "x", type: "gauge", help: "x" });
        const last = new Map(pairs.filter(([, value]) => Number.isFinite(value)));
        for (const [label, value] of last) family.set(value, { label });
        const read = readExposition(exposition([family], "prometheus"));
        assert.deepEqual(read.map(({ labels }) => labels["label"]), [...last.keys()]);
      },
    ),
    { numRuns: 50 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.ok(Array.isArray(readExposition(text)));
  }));
  const text = 'a 1\na{b="c # }"} 2 1700 # {x="1"} 9\nb NaN\n';
  assert.equal(sumOf(readExposition(text), "a"), 3);
});
