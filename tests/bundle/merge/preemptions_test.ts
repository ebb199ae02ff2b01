import assert from "node:assert/strict";
import { mergeSession } from "../../../kit/bundle/merge/merge.ts";
import { inFolder } from "../../folders.ts";
import { readTable, writeRawSession } from "../raw.ts";

/** Merges a session with these events, `time request event` each; gives its summary and requests. */
async function merged(...events: string[]) {
  const rows = events.map((event) => event.split(" ").join());
  return await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "engine_core-1": {
        tables: { request_events: ["timestamp_sec,request_id,event", ...rows, ""].join("\n") },
      },
    });
    await mergeSession(Deno, dir);
    const summary = JSON.parse(await Deno.readTextFile(`${dir}/preemption_summary.json`));
    const lives = await readTable(`${dir}/request_lifecycle.csv`);
    return {
      delays: [summary.total_preemptions, summary.mean_resume_delay, summary.max_resume_delay],
      requests: lives.map((life) => [life["num_preemptions"], life["preemption_delay_sec"]]),
    };
  });
}

Deno.test("a request preempted twice has two delays, and the largest is no sum", async () => {
  const found = await merged(
    ...["1 a queued", "1 a scheduled", "2 a preempted", "2.01 a resumed"],
    ...["3 a preempted", "3.03 a resumed", "4 a finished"],
  );
  // 10 ms and 30 ms. The request's own column is what it waited in all.
  assert.deepEqual(found, { delays: [2, 0.02, 0.03], requests: [["2", "0.040000"]] });
});

Deno.test("delays are counted by preemption, whichever request had it", async () => {
  const found = await merged(
    ...["1 a queued", "1 b queued", "1 a scheduled", "1 b scheduled"],
    ...["2 a preempted", "2.1 a resumed", "2.1 b preempted", "2.2 a preempted", "2.4 a resumed"],
    ...["2.7 b resumed", "3 a finished", "3 b finished"],
  );
  // 100, 200 and 600 ms.
  assert.deepEqual(found, {
    delays: [3, 0.3, 0.6],
    requests: [["2", "0.300000"], ["1", "0.600000"]],
  });
});

Deno.test("the end of a request ends its wait, and a wait that lasts still is no delay yet", async () => {
  const found = await merged(
    ...["1 a queued", "1 b queued", "1 a scheduled", "1 b scheduled"],
    ...["2 a preempted", "2.5 a finished", "3 b preempted"],
  );
  assert.deepEqual(found, { delays: [2, 0.5, 0.5], requests: [["1", "0.500000"], ["1", ""]] });
});
