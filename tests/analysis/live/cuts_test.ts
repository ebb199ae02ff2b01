/** A session that grows in random cuts, torn lines and all: the end is that of the merged session. */

import assert from "node:assert/strict";
import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import { exposition } from "../../../kit/analysis/metrics/families.ts";
import { mergeSession } from "../../../kit/bundle/merge/merge.ts";
import { writeRawSession } from "../../bundle/raw.ts";
import { fc } from "../../deps.ts";
import { inFolder } from "../../folders.ts";
import { assertSame, mergedText, samplesOf } from "./samples.ts";

const STEPS = 120;

/** Tables of an engine with two ranks that preempts, overruns stop strings and loses clients. */
function tables(): Record<string, Record<string, string[]>> {
  const at = (step: number) => (10 + step * 0.4).toFixed(6);
  const rows = (header: string, lines: string[]) => [header, ...lines];
  const steps = Array.from({ length: STEPS }, (_, n) => n + 1);
  const phase = (step: number) => step % 6 === 0 ? "mixed" : step % 9 === 0 ? "prefill" : "decode";
  const tokens = (step: number) => step % 9 === 0 ? 64 : 4;
  const passes = (rank: number) =>
    rows(
      "timestamp_sec,step,engine_pid,rank,phase,num_seqs,scheduled_tokens,cudagraph_mode,graph_tokens,forward_time_ms,timing",
      [
        `9.100000,,,${rank},prefill,1,512,NONE,,99.5,host`,
        ...steps.map((step) =>
          `${at(step)},${step},99000001,${rank},${phase(step)},4,${tokens(step)},` +
          `${step % 4 ? "FULL" : "NONE"},4,${step}.25,host`
        ),
      ],
    );
  const requests = steps.filter((step) => step % 10 === 5);
  const events: [number, string][] = [];
  const results: string[] = [];
  for (const step of requests) {
    const id = `r${step}`;
    events.push([step, `${at(step)},${id},queued,,30,,,,,,,`]);
    events.push([step, `${at(step)},${id},scheduled,,,10,,,,,,`]);
    events.push([step + 1, `${at(step + 1)},${id},first_token,,,,,,,,,`]);
    if (step % 20 === 5) {
      events.push([step + 2, `${at(step + 2)},${id},preempted,,,,,,,,kv_cache_full,0`]);
      events.push([step + 3, `${at(step + 3)},${id},resumed,,,,,,,,,`]);
    }
    // The last one never ends.
    if (step + 6 > STEPS - 5) continue;
    const stopped = step % 30 === 5;
    events.push([
      step + 6,
      `${at(step + 6)},${id},finished,${stopped ? "aborted" : "length"},30,10,6,25,0,` +
      `${stopped ? `${step + 4}:1 ${step + 5}:1 ${step + 6}:1` : ""},,`,
    ]);
    results.push(
      `${at(step + 6)},${id},cmpl-${id},${stopped ? "stop" : "length"},30,10,${
        stopped ? 4 : 6
      },0.4,2.4`,
    );
  }
  return {
    "engine_core-1": {
      batch_utilization: rows(
        "timestamp_sec,step,num_seqs,max_num_seqs,scheduled_tokens,max_tokens,phase,context_requests,context_tokens,generation_requests,generation_tokens,running_queue_len,waiting_queue_len",
        steps.map((step) =>
          `${at(step)},${step},4,8,${tokens(step)},128,${phase(step)},1,` +
          `${tokens(step) - 3},3,3,${step % 9},${step % 3}`
        ),
      ),
      kv_cache_usage: rows(
        "timestamp_sec,usage_pct,num_blocks,total_blocks",
        steps.map((step) => `${at(step)},${step % 100},${step % 100},100`),
      ),
      kv_cache_evictions: rows(
        "timestamp_sec,lifetime_sec,idle_sec,access_count,block_id",
        steps.filter((step) => step % 7 === 0).map((step) => `${at(step)},1.5,0.5,0,${step}`),
      ),
      step_adjustments: rows(
        "timestamp_sec,step,request_id,kind,tokens",
        requests.flatMap((step) => [
          `${at(step + 3)},${step + 3},r${step},recomputed,2`,
          `${at(step + 7)},${step + 6},r${step},overscheduled,1`,
        ]),
      ),
      request_events: rows(
        "timestamp_sec,request_id,event,status,prompt_tokens,cached_tokens,generated_tokens,computed_tokens,num_preemptions,recent_steps,reason,free_blocks",
        events.sort(([a], [b]) => a - b).map(([, line]) => line),
      ),
    },
    "worker-2": { forward_pass_timing: passes(0) },
    "worker-3": { forward_pass_timing: passes(1) },
    "worker-4": {
      cuda_graphs: rows(
        "timestamp_sec,rank,runtime_mode,num_tokens,num_reqs,uniform,has_lora,num_active_loras,graphs,capture_time_sec,capture_duration_sec,replay_count,pass_count,warmup_count",
        [
          "9.000000,0,FULL,4,4,True,False,0,1,8.5,0.01,0,0,0",
          ...steps.filter((step) => step % 5 === 0).map((step) =>
            `${at(step)},0,FULL,4,4,True,False,0,1,8.5,0.01,${step},${step},1`
          ),
        ],
      ),
    },
    "api_server-5": {
      request_results: rows(
        "timestamp_sec,engine_request_id,request_id,finish_reason,prompt_tokens,cached_tokens,generated_tokens,ttft_sec,e2e_sec",
        results,
      ),
      cpu_operations_timing: rows(
        "timestamp_sec,operation,duration_ms,context,rank",
        steps.map((step) =>
          `${at(step)},${step % 2 ? "detokenization" : "scheduling"},0.${step},${
            step % 8 ? `step=${step}` : ""
          },`
        ),
      ),
    },
  };
}

const HOOKS = [
  ...["forward_pass", "batch_utilization", "kv_cache", "kv_eviction", "request_lifecycle"],
  ...["cpu_operations", "scheduler_steps", "cuda_graph"],
].map((name) => ({ name, symbol: name, status: "attached" }));

/** One growing file. */
interface Growing {
  path: string;
  bytes: Uint8Array;
  written: number;
  /** Time of the line that ends at each place. */
  ends: { place: number; time: number }[];
}

function growing(path: string, lines: string[]): Growing {
  let place = 0;
  const ends = lines.map((line) => {
    place += line.length + 1;
    return { place, time: Number(line.split(",")[0]) || 0 };
  });
  return {
    path,
    bytes: new TextEncoder().encode(lines.join("\n") + "\n"),
    written: 0,
    ends,
  };
}

async function write(file: Growing, to: number): Promise<void> {
  if (to <= file.written) return;
  await Deno.writeFile(file.path, file.bytes.subarray(file.written, to), { append: true });
  file.written = to;
}

const total = (text: string) =>
  new Map([...samplesOf(text)].filter(([key]) => /_(total|bucket|count|sum)(\{|$)/.test(key)));

Deno.test("a session that grows in random cuts ends as it was merged, and no counter ever falls", async () => {
  await inFolder(async (parent) => {
    const processes = tables();
    const whole = `${parent}/whole`;
    await writeRawSession(
      whole,
      Object.fromEntries(
        Object.entries(processes).map(([name, own]) => [name, {
          record: { hooks: HOOKS, rank: Number(name.slice(-1)) === 3 ? 1 : 0, ended_sec: 60 },
          tables: Object.fromEntries(
            Object.entries(own).map(([table, lines]) => [table, lines.join("\n") + "\n"]),
          ),
        }]),
      ),
    );
    await mergeSession(Deno, whole);
    const expected = await mergedText(whole);
    assert.ok(samplesOf(expected).get("vscope_recomputed_tokens_total")! > 0);
    assert.ok(samplesOf(expected).get("vscope_overscheduled_tokens_total")! > 0);
    const bundle = await Deno.readTextFile(`${whole}/bundle.json`);
    let run = 0;
    const cut = fc.record({
      later: fc.double({ min: 0.05, max: 12, noNaN: true }),
      behind: fc.array(fc.double({ min: 0, max: 1.5, noNaN: true }), {
        minLength: 12,
        maxLength: 12,
      }),
      torn: fc.array(fc.nat(60), { minLength: 12, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 12 }), async (cuts) => {
        const dir = `${parent}/run${run++}`;
        const files: Growing[] = [];
        for (const [name, own] of Object.entries(processes)) {
          const folder = `${dir}/processes/${name}`;
          await Deno.mkdir(folder, { recursive: true });
          await Deno.copyFile(`${whole}/processes/${name}/process.json`, `${folder}/process.json`);
          for (const [table, lines] of Object.entries(own)) {
            files.push(growing(`${folder}/${table}.csv`, lines));
          }
        }
        await Deno.copyFile(`${whole}/metadata.json`, `${dir}/metadata.json`);
        await Deno.writeTextFile(
          `${dir}/bundle.json`,
          JSON.stringify({
            schema_version: 1,
            started_at: "2026-01-24T12:34:56Z",
            open_by: { pid: Deno.pid, host: Deno.hostname() },
          }),
        );
        const live = new LiveSession(Deno, dir);
        let before = new Map<string, number>();
        const look = async (seconds: number) => {
          await live.look(new Date(Date.parse("2026-01-24T12:34:56Z") + 1000 * seconds));
          const now = total(exposition(live.snapshot()));
          for (const [key, value] of before) assert.ok(now.get(key)! >= value - 1e-9, key);
          before = now;
        };
        let time = 9;
        for (const { later, behind, torn } of cuts) {
          time += later;
          for (const [place, file] of files.entries()) {
            const lines = file.ends.filter((end) => end.time <= time - behind[place % 12]!);
            const end = lines.at(-1)?.place ?? 0;
            await write(file, Math.min(file.bytes.length, end + torn[place % 12]!));
          }
          await look(time);
          assert.ok(!live.ended);
        }
        for (const file of files) await write(file, file.bytes.length);
        await Deno.writeTextFile(`${dir}/bundle.json`, bundle);
        await look(100);
        assert.ok(live.ended);
        assertSame(exposition(live.snapshot()), expected);
        await Deno.remove(dir, { recursive: true });
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  });
});
