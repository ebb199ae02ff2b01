/** The journal of a sweep: whatever happens to its bytes, whole lines count and no other. */

import assert from "node:assert/strict";
import {
  continueJournal,
  JOURNAL_NAME,
  journalLine,
  parseJournal,
  readJournal,
  type ShotLine,
  type SweepLine,
} from "../../kit/sweep/measure/journal.ts";
import { SweepTimes } from "../../kit/sweep/measure/times.ts";
import { python } from "../hooks/python.ts";
import { inFolder } from "../folders.ts";
import { fc } from "../deps.ts";

const SWEEP: SweepLine = {
  sweep: 1,
  started_at: "2026-01-02T03:04:05.000Z",
  identity: {
    vllm_version: "0.32.0",
    gpu: "G",
    model_config_sha256: "00",
    dtype: "bfloat16",
    quantization: "none",
    kv_cache_dtype: "auto",
    timer: "cpu",
  },
  layers: { attention: "Attention in *, mean" },
  forced: [],
  provenance: {},
};

const shot = (number: number): ShotLine => ({
  k: `1x${number}+0 `,
  tp: 1,
  s: 1,
  us: { attention: [number + 0.5, 2] },
});

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("a journal that was cut anywhere has every line that was whole", () => {
  const lines = [journalLine(SWEEP), ...[1, 2, 3, 4].map((number) => journalLine(shot(number)))];
  const text = lines.join("");
  fc.assert(fc.property(fc.integer({ min: 0, max: text.length }), (end) => {
    const found = parseJournal(bytesOf(text.slice(0, end)));
    let whole = 0;
    for (let length = 0; whole < lines.length; whole++) {
      length += lines[whole]!.length;
      if (length > end) break;
    }
    assert.equal(found.sweeps.length + found.shots.length, whole);
    assert.equal(found.damaged, 0);
    assert.equal(found.wholeBytes, lines.slice(0, whole).join("").length);
  }));
});

Deno.test("a line with another byte does not count, and the others do", () => {
  const lines = [1, 2, 3].map((number) => journalLine(shot(number)));
  const bytes = bytesOf(lines.join(""));
  fc.assert(fc.property(
    fc.integer({ min: 0, max: bytes.length - 1 }),
    fc.integer({ min: 1, max: 255 }),
    (place, change) => {
      const other = bytes.slice();
      other[place]! ^= change;
      const found = parseJournal(other);
      assert.ok(found.shots.length < 3);
      const at = (number: number) => lines.slice(0, number).join("").length;
      for (const number of [1, 2, 3]) {
        // A newline that is gone takes the line behind it along.
        if (place >= at(number - 1) - 1 && place < at(number)) continue;
        assert.ok(found.shots.some(({ k }) => k === shot(number).k), `${place} ${number}`);
      }
    },
  ));
});

Deno.test("any bytes are a journal of which nothing counts", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
    assert.deepEqual(parseJournal(bytes).shots, []);
  }));
});

Deno.test("the worker's lines are those of vscope", async () => {
  const ran = await python(
    "import sys, json; from vscope_sweep.journal import line_of\n" +
      "sys.stdout.write(line_of(json.loads(sys.argv[1])).decode())",
    {},
    [JSON.stringify(shot(7))],
  );
  assert.equal(ran.stdout, journalLine(shot(7)), ran.stderr);
});

Deno.test("a torn line is cut off before the journal goes on", async () => {
  await inFolder(async (dir) => {
    const torn = journalLine(SWEEP) + journalLine(shot(1)) + journalLine(shot(2)).slice(0, -3);
    await Deno.writeTextFile(`${dir}/${JOURNAL_NAME}`, torn);
    await continueJournal(Deno, dir, await readJournal(Deno, dir), { ...SWEEP, sweep: 2 });
    const found = await readJournal(Deno, dir);
    assert.deepEqual(found.shots, [shot(1)]);
    assert.deepEqual(found.sweeps.map(({ sweep }) => sweep), [1, 2]);
    assert.equal(found.damaged, 0);
  });
});

Deno.test("what was forced at a TP degree lets the rows of the others count", () => {
  const layers = SWEEP.layers;
  const at = (tp: number, s: number) => ({ ...shot(1), tp, s });
  const times = (more: Partial<SweepLine>) =>
    new SweepTimes({
      sweeps: [SWEEP, { ...SWEEP, sweep: 2, forced: ["attention"], ...more }],
      shots: [at(1, 1), at(2, 1), at(4, 2)],
      damaged: 0,
      wholeBytes: 0,
    }, layers);
  const counts = (found: SweepTimes) =>
    [1, 2, 4].filter((tp) => found.of("attention", tp, "attention", shot(1).k) !== undefined);
  assert.deepEqual(counts(times({ forced_tp: [1, 4] })), [2, 4]);
  // So it is in journals that do not tell degrees.
  assert.deepEqual(counts(times({})), [4]);
  // Another category of the same shots is another matter.
  assert.ok(times({}).of("skew", 1, "attention", shot(1).k));
});
