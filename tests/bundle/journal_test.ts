import assert from "node:assert/strict";
import {
  appendEntry,
  type JournalEntry,
  parseJournal,
  readJournal,
} from "../../kit/bundle/journal.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";

const entries: fc.Arbitrary<JournalEntry[]> = fc.array(
  fc.record({
    event: fc.constantFrom("begin", "end"),
    at: fc.constant("2026-01-02T03:04:05.000Z"),
    stage: fc.string({ unit: "binary" }),
    seconds: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    reason: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }),
  }).map((entry) => JSON.parse(JSON.stringify(entry))),
  { maxLength: 6 },
);

Deno.test("a journal cut at any byte has its whole lines, and a line that follows is read", async () => {
  await inFolder(async (dir) => {
    const path = `${dir}/journal.jsonl`;
    await fc.assert(
      fc.asyncProperty(entries, fc.double({ min: 0, max: 1, noNaN: true }), async (wanted, cut) => {
        await Deno.remove(path).catch(() => {});
        const ends = [0];
        for (const entry of wanted) {
          await appendEntry(Deno, path, entry);
          ends.push((await Deno.stat(path)).size);
        }
        assert.deepEqual((await readJournal(Deno, path)).entries, wanted);
        const length = Math.floor(cut * ends.at(-1)!);
        if (wanted.length > 0) await Deno.truncate(path, length);
        // A line is whole without its end, too.
        const whole = ends.slice(1).filter((end) => end - 1 <= length).length;
        const next = { event: "run", at: "now" };
        assert.deepEqual((await readJournal(Deno, path)).entries, wanted.slice(0, whole));
        await appendEntry(Deno, path, next);
        assert.deepEqual((await readJournal(Deno, path)).entries, [
          ...wanted.slice(0, whole),
          next,
        ]);
      }),
      { numRuns: 60 },
    );
  });
});

Deno.test("whatever stands in a journal, it is read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), (text) => {
      const { entries, unreadable } = parseJournal(text);
      assert.ok(entries.length + unreadable <= text.split("\n").length);
      return Promise.resolve();
    }),
  );
  assert.deepEqual(await readJournal(Deno, "/nowhere/journal.jsonl"), {
    entries: [],
    unreadable: 0,
  });
  for (const line of ["null", "[]", "7", '{"event":7,"at":"x"}', '{"event":"end"}']) {
    assert.deepEqual(parseJournal(line), { entries: [], unreadable: 1 });
  }
});
