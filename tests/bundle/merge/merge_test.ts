import assert from "node:assert/strict";
import { mergeSession, needsMerge } from "../../../kit/bundle/merge/merge.ts";
import { thisProcess } from "../../../kit/bundle/liveness.ts";
import { readManifest, writeManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { inFolder } from "../../folders.ts";
import { readTable, writeRawSession } from "../raw.ts";

const ENGINE = 99_000_001;

const STEPS = "timestamp_sec,step,num_seqs,max_num_seqs,scheduled_tokens,max_tokens,phase," +
  "context_requests,context_tokens,generation_requests,generation_tokens,running_queue_len,waiting_queue_len\n";
const PASSES =
  "timestamp_sec,step,engine_pid,rank,phase,num_seqs,scheduled_tokens,context_tokens," +
  "generation_tokens,forward_time_ms,sample_time_ms,host_time_ms,timing\n";
const ADJUSTMENTS = "timestamp_sec,step,request_id,kind,tokens\n";
const EVENTS =
  "timestamp_sec,request_id,event,status,prompt_tokens,cached_tokens,generated_tokens," +
  "computed_tokens,num_preemptions,recent_steps\n";
const RESULTS =
  "timestamp_sec,engine_request_id,request_id,finish_reason,prompt_tokens,cached_tokens," +
  "generated_tokens,ttft_sec,e2e_sec\n";

/**
 * A request of 10 tokens that makes 3: preempted once after its prefill (11 tokens again), ended
 * by a stop string that the API server saw one token late, with one more step already scheduled.
 */
function session(): Parameters<typeof writeRawSession>[1] {
  return {
    "engine_core-1": {
      tables: {
        batch_utilization: STEPS +
          "1,1,1,8,10,100,prefill,1,10,0,0,1,0\n" +
          "2,2,1,8,11,100,prefill,1,11,0,0,1,0\n" +
          "3,3,1,8,1,100,decode,0,0,1,1,1,0\n" +
          "4,4,1,8,1,100,decode,0,0,1,1,1,0\n" +
          "5,5,1,8,1,100,decode,0,0,1,1,1,0\n",
        step_adjustments: ADJUSTMENTS + "2,2,r-x,recomputed,10\n5,5,r-x,overscheduled,1\n",
        request_events: EVENTS +
          "0.5,r-x,queued,,10,,,,,\n1,r-x,scheduled,,,0,,,,\n1.5,r-x,first_token,,,,,,,\n" +
          "1.6,r-x,preempted,,,,,,,\n2,r-x,resumed,,,,,,,\n" +
          "5,r-x,finished,aborted,10,0,4,13,1,1:10 2:11 3:1 4:1 5:1\n",
      },
    },
    "worker-2": {
      record: { rank: 0 },
      tables: {
        forward_pass_timing: PASSES +
          "0.1,,,0,prefill,2,64,64,0,9,1,9,host\n" +
          [1, 2, 3, 4, 5].map((step) =>
            `${step},${step},${ENGINE},0,${step < 3 ? "prefill" : "decode"},1,${
              [10, 11, 1, 1, 1][step - 1]
            },0,0,2,1,2,host\n`
          ).join(""),
      },
    },
    "api_server-3": {
      tables: { request_results: RESULTS + "4.5,r-x,r,stop,10,0,3,1,4\n" },
    },
  };
}

Deno.test("merging takes recomputed and overscheduled tokens off their steps, to the token", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    const manifest = await mergeSession(Deno, dir);
    assert.deepEqual([manifest.status, manifest.notes], ["complete", []]);
    const batches = await readTable(`${dir}/batch_utilization.csv`);
    assert.deepEqual(batches.map((row) => row["num_tokens"]), ["10", "1", "1", "0", "0"]);
    assert.deepEqual(batches.map((row) => row["recomputed_tokens"]), ["0", "10", "0", "0", "0"]);
    assert.deepEqual(batches.map((row) => row["overscheduled_tokens"]), ["0", "0", "0", "1", "1"]);
    assert.deepEqual(batches.map((row) => row["token_utilization_pct"]), [
      "10.00",
      "11.00",
      "1.00",
      "1.00",
      "1.00",
    ]);
    const passes = await readTable(`${dir}/forward_pass_timing.csv`);
    // The warm-up pass, which no scheduler made, is left out.
    assert.deepEqual(passes.map((row) => row["num_tokens"]), ["10", "1", "1", "0", "0"]);
    const [request] = await readTable(`${dir}/request_lifecycle.csv`);
    assert.equal(request!["request_id"], "r");
    assert.deepEqual(
      ["prompt_tokens", "cached_tokens", "generated_tokens", "computed_tokens"].map((name) =>
        request![name]
      ),
      ["10", "0", "3", "12"],
    );
    assert.deepEqual(
      ["queued_sec", "started_sec", "preempted_sec", "resumed_sec", "finished_sec", "status"].map((
        name,
      ) => request![name]),
      ["0.5", "1", "1.6", "2", "5", "stop"],
    );
    assert.equal(request!["preemption_delay_sec"], "0.400000");
    const { tokens, warmup_passes } = JSON.parse(
      await Deno.readTextFile(`${dir}/session_summary.json`),
    );
    assert.deepEqual([tokens.expected, tokens.difference, warmup_passes], [12, 0, 1]);
    assert.deepEqual(await validateBundle(Deno, dir), []);
    assert.equal(await needsMerge(Deno, dir), false);
  });
});

Deno.test("merging the same session twice gives the same tables", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    await mergeSession(Deno, dir);
    const first = await Deno.readTextFile(`${dir}/batch_utilization.csv`);
    await mergeSession(Deno, dir);
    assert.equal(await Deno.readTextFile(`${dir}/batch_utilization.csv`), first);
  });
});

Deno.test("rows of several processes are merged in the order of time, with the pid of each", async () => {
  const kv = "timestamp_sec,usage_pct,num_blocks,total_blocks\n";
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "engine_core-1": { tables: { kv_cache_usage: kv + "1,10,1,10\n3,30,3,10\n" } },
      "engine_core-2": { tables: { kv_cache_usage: kv + "2,20,2,10\n4,40,4,10\n" } },
    });
    await mergeSession(Deno, dir);
    const rows = await readTable(`${dir}/kv_cache_usage.csv`);
    assert.deepEqual(rows.map((row) => [row["timestamp_sec"], row["pid"]]), [
      ["1", "99000001"],
      ["2", "99000002"],
      ["3", "99000001"],
      ["4", "99000002"],
    ]);
  });
});

Deno.test("a killed engine leaves a partial bundle that says what is missing", async () => {
  await inFolder(async (dir) => {
    const raw = session();
    const engine = raw["engine_core-1"]!;
    engine.tables!["request_events"] = EVENTS +
      "0.5,r-x,queued,,10,,,,,\n1,r-x,scheduled,,,0,,,,\n1.5,r-x,fir";
    delete raw["api_server-3"];
    await writeRawSession(dir, raw);
    const manifest = await mergeSession(Deno, dir);
    assert.equal(manifest.status, "partial");
    assert.match(JSON.stringify(manifest.notes), /1 rows were cut off.*1 requests have no end/);
    const [request] = await readTable(`${dir}/request_lifecycle.csv`);
    assert.deepEqual([request!["status"], request!["finished_sec"]], ["unfinished", ""]);
  });
});

Deno.test("an engine without a last word leaves a partial bundle, also where nothing else is missing", async () => {
  await inFolder(async (dir) => {
    for (const [ended_sec, status] of [[9, "complete"], [null, "partial"]] as const) {
      const raw = session();
      raw["engine_core-1"]!.record = { ended_sec };
      await writeRawSession(`${dir}/${status}`, raw);
      const manifest = await mergeSession(Deno, `${dir}/${status}`);
      assert.equal(manifest.status, status);
      assert.equal(/without a last word/.test(JSON.stringify(manifest.notes)), ended_sec === null);
    }
  });
});

Deno.test("an engine that vLLM kills while vscope ends it leaves a complete bundle, which says so", async () => {
  await inFolder(async (dir) => {
    const raw = session();
    raw["engine_core-1"]!.record = { ended_sec: null };
    await writeRawSession(dir, raw);
    const command = { pid: 1, role: "command", exit_code: 0, ended_by: "vscope" } as const;
    const ended = { status: "complete", endedAt: new Date(), command } as const;
    // Merged anew it has to find the same.
    for (const ending of [ended, undefined]) {
      const { status, notes } = await mergeSession(Deno, dir, ending);
      assert.equal(status, "complete");
      assert.match(JSON.stringify(notes), /"info".*killed by vLLM when vscope ended it/);
    }
  });
});

Deno.test("dropped rows, failed hooks and unreadable processes are in the manifest", async () => {
  await inFolder(async (dir) => {
    const raw = session();
    raw["worker-2"]!.record = {
      dropped: { forward_pass_timing: 7 },
      hooks: [{
        name: "forward_pass",
        symbol: "m:f",
        status: "failed",
        reason: "ValueError: broken",
      }],
    };
    await writeRawSession(dir, raw);
    await Deno.writeTextFile(`${dir}/processes/api_server-3/process.json`, "{");
    const manifest = await mergeSession(Deno, dir);
    assert.equal(manifest.status, "partial");
    assert.equal(manifest.dropped["forward_pass_timing"], 7);
    const failed = manifest.hooks.find((hook) => hook.status === "failed");
    assert.equal(failed?.reason, "ValueError: broken");
    assert.match(
      JSON.stringify(manifest.notes),
      /api_server-3 cannot be read.*7 rows of forward_pass_timing/,
    );
  });
});

Deno.test("a bundle whose vscope was killed is closed as interrupted, one that runs stays open", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    await mergeSession(Deno, dir);
    const manifest = (await readManifest(Deno, dir))!;
    delete manifest.status;
    delete manifest.ended_at;
    await writeManifest(Deno, dir, { ...manifest, open_by: await thisProcess(Deno) });
    assert.equal(await needsMerge(Deno, dir), true);
    assert.equal((await mergeSession(Deno, dir)).status, undefined);
    await writeManifest(Deno, dir, {
      ...manifest,
      open_by: { pid: 99_000_009, host: Deno.hostname() },
    });
    const closed = await mergeSession(Deno, dir);
    assert.equal(closed.status, "interrupted");
    assert.equal(closed.ended_at, "2026-01-24T12:35:05.000Z");
  });
});

Deno.test("a folder that holds no session is refused", async () => {
  await inFolder(async (dir) => {
    await assert.rejects(mergeSession(Deno, dir), { name: "UsageError" });
    await Deno.writeTextFile(`${dir}/bundle.json`, '{"schema_version": 99}');
    await assert.rejects(mergeSession(Deno, dir), /schema_version is 99/);
  });
});

Deno.test("validation names files that are missing, changed, or not in the manifest", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    await mergeSession(Deno, dir);
    await Deno.remove(`${dir}/session_summary.json`);
    await Deno.writeTextFile(`${dir}/metadata.json`, "x");
    await Deno.writeTextFile(`${dir}/new.txt`, "x");
    await Deno.writeTextFile(`${dir}/kv_cache_usage.csv`, "a,b\n");
    const problems = (await validateBundle(Deno, dir)).map(({ path }) => path).sort();
    assert.deepEqual(problems, [
      "kv_cache_usage.csv",
      "kv_cache_usage.csv",
      "metadata.json",
      "new.txt",
      "session_summary.json",
    ]);
  });
});

Deno.test("the error of the host's clock against events is told per phase, where both timed", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "worker-2": {
        record: { rank: 0 },
        tables: {
          forward_pass_timing: PASSES +
            "1,1,1,0,prefill,1,5,5,0,8,1,6,cuda_event\n" +
            "2,2,1,0,prefill,1,5,5,0,2,1,2,cuda_event\n" +
            "3,3,1,0,decode,1,1,0,1,4,1,4,host\n",
        },
      },
    });
    await mergeSession(Deno, dir);
    const summary = JSON.parse(await Deno.readTextFile(`${dir}/forward_pass_summary.json`));
    assert.equal(summary.prefill.host_error_pct, -20);
    assert.equal("host_error_pct" in summary.decode, false);
  });
});

Deno.test("merging a closed bundle anew keeps how the run ended and what the run itself told", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    const told = { severity: "warning", message: "Told by the run" } as const;
    const ending = { status: "interrupted", endedAt: new Date(0), notes: [told] } as const;
    const first = await mergeSession(Deno, dir, { ...ending, notes: [told] });
    const again = await mergeSession(Deno, dir);
    assert.equal(again.status, "interrupted");
    assert.deepEqual(again, first);
  });
});

Deno.test("tables that find no room leave a partial bundle that can be merged later", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, session());
    const full = {
      ...Deno,
      open: async (path: string, options?: Deno.OpenOptions) => {
        const file = await Deno.open(path, options);
        if (path.includes("kv_cache_usage.csv.")) {
          file.write = () => Promise.reject(new Error("No space left on device"));
        }
        return file;
      },
    } as typeof Deno;
    const ending = { status: "complete", endedAt: new Date(0) } as const;
    const first = await mergeSession(full, dir, ending);
    assert.equal(first.status, "partial");
    assert.match(JSON.stringify(first.notes), /No space left on device; what the processes/);
    assert.equal(first.artifacts.some(({ path }) => path === "batch_utilization.csv"), false);
    assert.equal((await mergeSession(Deno, dir)).status, "complete");
  });
});
