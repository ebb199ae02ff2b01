/** Journals of several jobs as one: each time once. */

import assert from "node:assert/strict";
import { atDegree, joinJournals, journalOf, journalText } from "../../kit/fleet/journals.ts";
import { type Journal, type ShotLine, type SweepLine } from "../../kit/sweep/measure/journal.ts";
import { fc } from "../deps.ts";

const identity = {
  vllm_version: "0.32.0",
  gpu: "G",
  model_config_sha256: "00",
  dtype: "bfloat16",
  quantization: "none",
  kv_cache_dtype: "auto",
  timer: "cpu",
};

const sweepLine = (sweep: number): SweepLine => ({
  ...{ sweep, started_at: "2026-01-02T03:04:05Z", identity, layers: { a: "A", b: "B" } },
  ...{ forced: [], provenance: {} },
});

/** The journal of a job, whose run has this number; its times tell of whom they are. */
function jobJournal(number: number, shots: readonly (readonly [number, number])[], us: number) {
  const lines = shots.map(([tp, k]): ShotLine => ({
    ...{ k: `${k}x1+0 `, tp, s: number },
    us: { a: [us], b: [us + 0.5] },
  }));
  return journalOf(journalText({ sweeps: [sweepLine(number)], shots: lines }));
}

/** Each time with its place: TP degree, layer, shot. */
const timesOf = ({ shots }: Journal) =>
  shots.flatMap(({ tp, k, us }) =>
    Object.entries(us).map(([layer, [time]]) => [`${tp} ${layer} ${k}`, time] as const)
  );

const journals = fc.array(
  fc.uniqueArray(fc.tuple(fc.constantFrom(1, 2), fc.nat(8)), {
    selector: ([tp, k]) => `${tp} ${k}`,
    maxLength: 12,
  }),
  { maxLength: 5 },
).map((all) => all.map((shots, place) => jobJournal(1 + place % 2, shots, place + 1)));

Deno.test("of what was measured twice the first is kept, and nothing is lost", () => {
  fc.assert(fc.property(journals, (all) => {
    const expected = new Map<string, number | undefined>();
    let repeated = 0;
    for (const [key, time] of all.flatMap(timesOf)) {
      if (expected.has(key)) repeated++;
      else expected.set(key, time);
    }
    const joined = joinJournals(all);
    const journal = journalOf(joined.text);
    const found = timesOf(journal);
    assert.equal(new Set(found.map(([key]) => key)).size, found.length);
    assert.deepEqual(new Map(found), expected);
    assert.equal(joined.repeated, repeated);
    assert.equal(journal.damaged, 0);
    const numbers = new Set(journal.sweeps.map(({ sweep }) => sweep));
    assert.equal(numbers.size, journal.sweeps.length);
    assert.ok(journal.shots.every(({ s }) => numbers.has(s)));
  }));
});

Deno.test("joining again changes nothing, and a journal's degrees are the whole", () => {
  fc.assert(fc.property(journals, (all) => {
    const once = journalOf(joinJournals(all).text);
    const again = journalOf(joinJournals([once, ...all]).text);
    assert.deepEqual(timesOf(again), timesOf(once));
    const apart = [1, 2].flatMap((tp) => timesOf(atDegree(once, tp)));
    assert.deepEqual(new Map(apart), new Map(timesOf(once)));
  }));
});

Deno.test("a journal with a torn or a damaged line keeps its other lines", () => {
  const text = journalText(jobJournal(1, [[1, 1], [1, 2], [1, 3]], 1));
  assert.equal(journalOf(text.slice(0, -5)).shots.length, 2);
  const damaged = text.replace('"2x1+0 "', '"9x1+0 "');
  assert.deepEqual(journalOf(damaged).shots.map(({ k }) => k), ["1x1+0 ", "3x1+0 "]);
  assert.equal(journalOf("").shots.length, 0);
});

Deno.test("what an earlier run of the folder says stays, also where a job measured it again", () => {
  const base = jobJournal(3, [[1, 1]], 1);
  const job = jobJournal(3, [[1, 1], [1, 2]], 2);
  const { text } = joinJournals([base, job]);
  const joined = journalOf(text);
  assert.deepEqual(timesOf(joined).map(([, time]) => time), [1, 1.5, 2, 2.5]);
  assert.deepEqual(joined.sweeps.map(({ sweep }) => sweep), [1, 2]);
});
