/** `vscope export perfetto`: the timeline against the tables that it was drawn from. */

import assert from "node:assert/strict";
import { vscopeHere } from "../../cli.ts";
import { fc } from "../../deps.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { statesOf } from "../../../kit/tools/export/perfetto/requests.ts";
import { example, rowsOf, sum } from "./sessions.ts";

interface Event {
  ph: "X" | "C" | "M" | "i" | "s" | "t" | "f";
  pid: number;
  tid?: number;
  ts?: number;
  dur?: number;
  id?: number;
  name: string;
  args: Record<string, number | string>;
}

async function timelineOf(path: string): Promise<{ traceEvents: Event[]; otherData: object }> {
  const file = await Deno.open(path);
  const text = path.endsWith(".gz")
    ? file.readable.pipeThrough(new DecompressionStream("gzip"))
    : file.readable;
  return JSON.parse(await new Response(text).text());
}

/** Every event has what the trace event format asks for, and slices of a track nest. */
function assertWellFormed(events: readonly Event[]) {
  const open = new Map<string, number[]>();
  const named = new Set(events.filter(({ name }) => name === "process_name").map(({ pid }) => pid));
  for (const event of events) {
    assert.ok(Number.isInteger(event.pid) && event.name !== "", JSON.stringify(event));
    assert.ok(named.has(event.pid), `process ${event.pid} has a name`);
    if (event.ph === "M") continue;
    assert.ok(event.ts! >= 0, JSON.stringify(event));
    if (event.ph !== "C") assert.ok(event.tid! > 0);
    if (event.ph !== "X") continue;
    assert.ok(event.dur! >= 0);
  }
  const slices = events.filter(({ ph }) => ph === "X").map((event, place) => ({ event, place }))
    .sort((a, b) => a.event.ts! - b.event.ts! || a.place - b.place);
  for (const { event } of slices) {
    const key = `${event.pid}/${event.tid}`;
    const ends = (open.get(key) ?? []).filter((end) => end > event.ts! + 1e-3);
    const end = event.ts! + event.dur!;
    assert.ok(ends.every((outer) => end <= outer + 1e-2), `${event.name} at ${event.ts} nests`);
    open.set(key, [...ends, end]);
  }
}

Deno.test("export perfetto draws every pass, operation, request and counter of real sessions", async () => {
  for (const name of ["session", "moe"] as const) {
    await inFolder(async (dir) => {
      const made = await vscopeHere(["export", "perfetto", example(name), "--json", "--quiet"], {
        cwd: dir,
      });
      assert.deepEqual([made.code, made.stderr], [0, ""]);
      const { path, events: count, bytes, drawn_one_of } = JSON.parse(made.stdout);
      assert.deepEqual(await namesIn(dir), [`${name}.perfetto.json.gz`]);
      assert.deepEqual([(await Deno.stat(path)).size, drawn_one_of], [bytes, 1]);
      const { traceEvents: events, otherData } = await timelineOf(path);
      assertWellFormed(events);
      assert.equal(events.filter(({ ph }) => ph !== "M").length, count);
      assert.match(JSON.stringify(otherData), /every step and request/);

      const table = (file: string) => rowsOf(`${example(name)}/${file}.csv`);
      const slices = events.filter(({ ph }) => ph === "X");
      const milliseconds = (list: Event[]) =>
        list.reduce((total, { dur }) => total + dur!, 0) / 1e3;
      const passes = await table("forward_pass_timing");
      for (const phase of ["prefill", "decode", "mixed"]) {
        const drawn = slices.filter((event) => event.name === phase && "step" in event.args);
        const recorded = passes.filter((row) => row["phase"] === phase);
        assert.equal(drawn.length, recorded.length, phase);
        assert.ok(Math.abs(milliseconds(drawn) - sum(recorded, "forward_time_ms")) < 1e-3);
      }
      const replays = passes.filter((row) => row["cudagraph_mode"] !== "NONE");
      assert.ok(replays.length > 0);
      const graphs = slices.filter((event) => event.name.startsWith("CUDA graph "));
      assert.equal(graphs.length, replays.length);
      const captures = await table("cuda_graph_captures");
      assert.equal(
        slices.filter((event) => event.name.startsWith("capture ")).length,
        captures.length,
      );
      const operations = await table("cpu_operations_timing");
      for (const operation of new Set(operations.map((row) => row["operation"]!))) {
        const recorded = operations.filter((row) => row["operation"] === operation);
        const drawn = slices.filter((event) => event.name === operation);
        assert.equal(drawn.length, recorded.length, operation);
        assert.ok(Math.abs(milliseconds(drawn) - sum(recorded, "duration_ms")) < 1e-2);
      }
      const requests = await table("request_lifecycle");
      const drawn = slices.filter((event) => event.name.startsWith("request "));
      assert.equal(drawn.length, requests.length);
      const generated = drawn.reduce((total, { args }) => total + Number(args.generated_tokens), 0);
      assert.equal(generated, sum(requests, "generated_tokens"));
      const kv = events.filter((event) => event.name === "KV cache usage (%)");
      assert.deepEqual(
        kv.map(({ args }) => args.value),
        (await table("kv_cache_usage")).map((row) => Number(row["usage_pct"])),
      );
      const waiting = events.filter((event) => event.name === "waiting requests");
      assert.equal(waiting.length, (await table("batch_utilization")).length);
    });
  }
});

Deno.test("arrows lead from each request to its first forward pass and to its last", async () => {
  await inFolder(async (dir) => {
    const out = `${dir}/t.json`;
    await vscopeHere(["export", "perfetto", example("session"), "--out", out]);
    const { traceEvents: events } = await timelineOf(out);
    const requests = await rowsOf(`${example("session")}/request_lifecycle.csv`);
    const passes = await rowsOf(`${example("session")}/forward_pass_timing.csv`);
    const at = (kind: string) => events.filter(({ ph }) => ph === kind);
    assert.equal(at("s").length, requests.length);
    assert.equal(at("f").length, requests.length);
    const seconds = (column: string) => requests.map((row) => Number(row[column]));
    const starts = passes.map((row) => Number(row["timestamp_sec"]));
    const expected = seconds("started_sec")
      .map((started) => Math.round(starts.find((start) => start >= started)! * 1e6)).sort();
    assert.deepEqual(at("t").map(({ ts }) => Math.round(ts!)).sort(), expected);
    const last = seconds("finished_sec")
      .map((end) => Math.round(starts.findLast((start) => start < end)! * 1e6)).sort();
    assert.deepEqual(at("f").map(({ ts }) => Math.round(ts!)).sort(), last);
  });
});

Deno.test("a window draws a part, and a session with many events is thinned and says so", async () => {
  await inFolder(async (dir) => {
    const session = example("session");
    const run = (...args: string[]) =>
      vscopeHere(["export", "perfetto", session, "--quiet", ...args]);
    const [steps, seconds, thin, nothing, name, csv] = await Promise.all([
      run("--window", "iteration:10..12", "--out", `${dir}/steps.json`),
      run("--window", "seconds:0..92", "--out", `${dir}/seconds.json`),
      run("--max-events", "1000", "--out", `${dir}/thin.json`),
      run("--window", "seconds:1000..2000", "--out", `${dir}/x.json`),
      run("--out", `${dir}/timeline.pb`),
      vscopeHere(["export", "csv", session, "kv_cache_usage", "--window", "seconds:1..2"]),
    ]);
    const named = (events: Event[], pattern: RegExp) =>
      events.filter(({ ph, name }) => ph === "X" && pattern.test(name));
    const part = (await timelineOf(`${dir}/steps.json`)).traceEvents;
    // With asynchronous scheduling the pass before still runs when step 10 is scheduled.
    assert.deepEqual(
      named(part, /^decode$/).flatMap(({ args }) => args.step ?? []),
      [9, 10, 11, 12],
    );
    const early = (await timelineOf(`${dir}/seconds.json`)).traceEvents;
    assert.deepEqual([named(early, /^capture/).length, named(early, /^request/).length], [42, 0]);
    const thinned = await timelineOf(`${dir}/thin.json`);
    const drawn = named(thinned.traceEvents, /^(prefill|decode|mixed)$/)
      .flatMap(({ args }) => args.step ?? []);
    assert.ok(drawn.length > 0 && drawn.every((step) => Number(step) % 30 === 0));
    assert.ok(thinned.traceEvents.filter(({ ph }) => ph !== "M").length <= 1000);
    const peak = (events: Event[]) =>
      Math.max(
        ...events.filter(({ ph, name }) => ph === "C" && /KV cache/.test(name))
          .map(({ args }) => Number(args.value)),
      );
    const recorded = await rowsOf(`${session}/kv_cache_usage.csv`);
    assert.equal(
      peak(thinned.traceEvents),
      Math.max(...recorded.map((row) => Number(row["usage_pct"]))),
    );
    assert.match(JSON.stringify(thinned.otherData), /1 of 30 steps and requests/);
    assert.match(thin.stdout, /1 of 30 steps and requests .* are drawn, because/);
    assert.deepEqual([steps.code, seconds.code, thin.code], [0, 0, 0]);
    for (
      const [{ code, stderr }, message] of [
        [nothing, /nothing was recorded there; the session's last moment is 109\.\d+ seconds/],
        [name, /give a name that ends in \.json\.gz, or in \.json$/],
        [csv, /--window is for perfetto; leave it out$/],
      ] as const
    ) {
      assert.deepEqual([code, stderr.trim().split("\n").length], [2, 1]);
      assert.match(stderr.trim(), message);
    }
    assert.deepEqual(await namesIn(dir), ["seconds.json", "steps.json", "thin.json"]);
  });
});

Deno.test("the states of a request follow each other without gaps, whatever preempted it", () => {
  const moment = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(fc.property(fc.array(moment, { minLength: 4, maxLength: 12 }), (moments) => {
    const [queued, started, ...rest] = moments.toSorted((a, b) => a - b) as [number, number];
    const end = (rest as number[]).at(-1)!;
    const firstToken = (rest as number[])[0]!;
    const inner = (rest as number[]).slice(0, -1);
    const preempted = inner.flatMap((from, place) =>
      place % 2 === 0 ? [[from, inner[place + 1] ?? Infinity] as const] : []
    );
    const spans = statesOf({ queued, started, firstToken }, end, preempted);
    let at = queued;
    for (const { from, to } of spans) {
      assert.ok(from === at && to > from, JSON.stringify(spans));
      at = to;
    }
    assert.equal(at, spans.length === 0 ? queued : end);
  }));
  const spans = statesOf({ queued: 0, started: 1, firstToken: 5 }, 9, [[3, 4], [6, 8]]);
  assert.deepEqual(
    spans.map(({ name, from, to }) => `${name} ${from}-${to}`),
    [
      "queued 0-1",
      "prefill 1-3",
      "preempted 3-4",
      "prefill 4-5",
      "decode 5-6",
      "preempted 6-8",
      "decode 8-9",
    ],
  );
});
