import assert from "node:assert/strict";
import { mergeSession } from "../../../kit/bundle/merge/merge.ts";
import { inFolder } from "../../folders.ts";
import { readTable, writeRawSession } from "../raw.ts";

const GRAPHS =
  "timestamp_sec,rank,runtime_mode,num_tokens,num_reqs,uniform,has_lora,num_active_loras," +
  "graphs,capture_time_sec,capture_duration_sec,replay_count,pass_count,warmup_count\n";
const PASSES =
  "timestamp_sec,step,engine_pid,rank,phase,scheduled_tokens,cudagraph_mode,graph_tokens," +
  "forward_time_ms,timing\n";

const HOOKS = { hooks: [{ name: "cuda_graph", symbol: "m:graph", status: "attached" }] };
const [FIRST, SECOND] = ["99000002", "99000003"];

/**
 * Two workers. The first captured a full graph of 4 tokens and a piecewise one of 16 that has 3 pieces,
 * and wrote the account of both at two flushes; the second never replays its piecewise one, and nobody
 * saw it capture that of 8 tokens.
 */
const SESSION: Parameters<typeof writeRawSession>[1] = {
  "worker-2": {
    record: { rank: 0, ...HOOKS },
    tables: {
      cuda_graphs: GRAPHS +
        "1,0,PIECEWISE,16,,False,False,0,3,0.3,0.6,0,0,3\n" +
        "1,0,FULL,4,4,True,False,0,1,0.9,0.2,1,1,2\n" +
        "9,0,PIECEWISE,16,,False,False,0,3,0.3,0.6,2,2,3\n" +
        "9,0,FULL,4,4,True,False,0,1,0.9,0.2,3,3,2\n",
      forward_pass_timing: PASSES +
        // vLLM's own warm-up, which no scheduler made.
        "1,,,0,prefill,16,PIECEWISE,16,9,host\n" +
        "2,1,1,0,prefill,12,PIECEWISE,16,5,host\n" +
        "3,2,1,0,mixed,16,PIECEWISE,16,5,host\n" +
        "4,3,1,0,decode,4,FULL,4,2,host\n" +
        "5,4,1,0,decode,3,FULL,4,2,host\n" +
        "6,5,1,0,decode,1,FULL,4,2,host\n" +
        "7,6,1,0,prefill,40,NONE,,8,host\n",
    },
  },
  "worker-3": {
    record: { rank: 1, ...HOOKS },
    tables: {
      cuda_graphs: GRAPHS +
        "9,1,FULL,4,4,True,False,0,1,0.5,0.2,1,1,0\n" +
        "9,1,FULL,8,8,True,False,0,,,,1,1,0\n" +
        "9,1,PIECEWISE,16,,False,False,0,3,0.2,0.6,0,0,1\n",
      forward_pass_timing: PASSES +
        "2.5,1,7,1,decode,2,FULL,4,3,host\n" +
        "3.5,2,7,1,decode,5,FULL,8,3,host\n" +
        "4.5,3,7,1,decode,9,NONE,,6,host\n" +
        // Of a time when nobody watched graphs.
        "5.5,4,7,1,decode,9,,,6,host\n",
    },
  },
};

/** Merges that session, with so many replays between two samples of the timeline. */
async function merged<T>(interval: number, look: (dir: string) => Promise<T>): Promise<T> {
  return await inFolder(async (dir) => {
    await writeRawSession(dir, SESSION);
    await Deno.writeTextFile(
      `${dir}/metadata.json`,
      JSON.stringify({
        session_id: "s",
        start_time: "2026-01-24T12:34:56Z",
        log_interval: interval,
      }),
    );
    await mergeSession(Deno, dir);
    return await look(dir);
  });
}

const rowsOf = async (path: string, ...names: string[]) =>
  (await readTable(path)).map((row) => names.map((name) => row[name]).join(" "));

Deno.test("coverage, padding and launches of graphs are what passes and flushes of two workers add up to", async () => {
  await merged(2, async (dir) => {
    const summary = JSON.parse(await Deno.readTextFile(`${dir}/cuda_graph_summary.json`));
    assert.deepEqual(summary, {
      // 6 of the first worker and 3 of the second; 5 and 2 of them with a graph: 7/9.
      forward_passes: 9,
      replayed_passes: 7,
      coverage_pct: 77.778,
      // 1 of 2, 1 of 1, and 3 + 2 of 3 + 3.
      coverage_pct_by_phase: { prefill: 50, mixed: 100, decode: 83.333 },
      descriptors: 5,
      // The last flush of each: (2 + 3) + (1 + 1 + 0).
      replays: 7,
      // Three pieces at each piecewise replay: (2·3 + 3·1) + (1 + 1).
      graph_launches: 11,
      // (4 + 0 + 0 + 1 + 3) + (2 + 3), of (16 + 16 + 4 + 4 + 4) + (4 + 8) = 56 tokens.
      padding_tokens: 13,
      padding_waste_pct: 23.214,
    });
  });
});

Deno.test("descriptors stand in the order of their capture, and of their replays, per worker", async () => {
  await merged(2, async (dir) => {
    assert.deepEqual(
      await rowsOf(
        `${dir}/cuda_graph_captures.csv`,
        ...["runtime_mode", "num_tokens", "num_reqs", "uniform", "graphs", "capture_time_sec"],
        ...["capture_duration_sec", "rank", "pid"],
      ),
      [
        `PIECEWISE 16 None False 3 0.2 0.6 1 ${SECOND}`,
        `PIECEWISE 16 None False 3 0.3 0.6 0 ${FIRST}`,
        `FULL 4 4 True 1 0.5 0.2 1 ${SECOND}`,
        `FULL 4 4 True 1 0.9 0.2 0 ${FIRST}`,
      ],
    );
    assert.deepEqual(
      await rowsOf(
        `${dir}/cuda_graph_usage.csv`,
        ...["runtime_mode", "num_tokens", "replay_count", "graphs", "warmup_replay_count", "pid"],
      ),
      [
        `FULL 4 3 1 2 ${FIRST}`,
        `PIECEWISE 16 2 3 3 ${FIRST}`,
        `FULL 4 1 1 0 ${SECOND}`,
        `FULL 8 1  0 ${SECOND}`,
        `PIECEWISE 16 0 3 1 ${SECOND}`,
      ],
    );
  });
});

Deno.test("the timeline of graphs has every n-th replay of each worker, and says so", async () => {
  const columns = ["timestamp_sec", "descriptor", "duration_ms", "step", "pid", "sampled_every"];
  const timeline = (dir: string) => rowsOf(`${dir}/cuda_graph_timeline.csv`, ...columns);
  // The first, third and fifth of the first worker's 5, and the first of the second's 2.
  assert.deepEqual(await merged(2, timeline), [
    `2 PIECEWISE:16 5 1 ${FIRST} 2`,
    `2.5 FULL:4 3 1 ${SECOND} 2`,
    `4 FULL:4 2 3 ${FIRST} 2`,
    `6 FULL:4 2 5 ${FIRST} 2`,
  ]);
  assert.equal((await merged(1, timeline)).length, 7);
  assert.equal((await merged(100, timeline)).length, 2);
});
