/** How far a sweep is, on a terminal and for programs. */

import assert from "node:assert/strict";
import type { ProgressFacts } from "../../kit/contract/context.ts";
import { SweepProgress } from "../../kit/engine/sweep/progress.ts";
import type { NeededShot } from "../../kit/sweep/measure/needed.ts";
import { withVerbosity } from "../../kit/sweep/verbosity.ts";
import { outputOn } from "../../kit/engine/system/system_output.ts";

const shot = (category: string, number: number): NeededShot => ({
  k: `1x${number}+0 `,
  r: [[number, 0, 1]],
  l: ["x"],
  category,
});
const SHOTS = [
  ...[1, 2, 3, 4].map((number) => shot("dense", number)),
  ...[5, 6, 7, 8, 9, 10].map((number) => shot("attention", number)),
];

function progress(of = 1) {
  let ms = 0;
  const told: { text: string; facts: ProgressFacts }[] = [];
  const output = {
    progress: (text: string, facts?: ProgressFacts) => void told.push({ text, facts: facts! }),
  };
  const clock = { monotonicMs: () => ms, now: () => new Date(1000 + ms) };
  const shown = new SweepProgress(output, clock, { tp: 2, place: 1, of }, SHOTS);
  return { shown, told, later: (more: number) => void (ms += more) };
}

Deno.test("there is a bar for each category and one for all, with the time that is left", () => {
  const { shown, told, later } = progress(3);
  later(100_000);
  shown.fired(5);
  assert.deepEqual(told[0]!.text.split("\n"), [
    "TP 2 (1 of 3)",
    "  dense        [####################]  4/4",
    "  attention    [###.................]  1/6",
    "  all          [##########..........] 5/10, about 2 min left",
  ]);
});

Deno.test("facts have the same, and the last of them another event", () => {
  const { shown, told, later } = progress();
  shown.fired(0);
  assert.equal(told[0]!.facts["left_sec"], undefined);
  later(5000);
  shown.fired(4);
  const { facts } = told[1]!;
  assert.deepEqual(facts, {
    event: "sweep_progress",
    part: "2 attention",
    at: new Date(6000).toISOString(),
    tp: 2,
    category: "attention",
    done: 4,
    total: 10,
    categories: { dense: { done: 4, total: 4 }, attention: { done: 0, total: 6 } },
    elapsed_sec: 5,
    left_sec: 7.5,
  });
  shown.fired(10);
  assert.equal(told[2]!.facts.event, "sweep_measured");
  assert.equal(told[2]!.facts["left_sec"], undefined);
});

Deno.test("VERBOSITY says how much is said", () => {
  const lines = (verbosity: "--silent" | "--verbose" | undefined) => {
    const found: string[] = [];
    const screen = { write: (text: string) => found.push(text.trimEnd()) > 0 };
    const own = outputOn({ quiet: false, verbose: false, color: false }, screen, screen, () => 0);
    const output = withVerbosity(own, verbosity);
    output.detail("detail");
    output.note("note");
    output.progress("progress", { event: "e" });
    output.warn("warning");
    output.result("result");
    return found;
  };
  const loud = ["note", '{"event":"e"}', "vscope: warning: warning", "result"];
  assert.deepEqual(lines(undefined), loud);
  assert.deepEqual(lines("--verbose"), ["detail", ...loud]);
  assert.deepEqual(lines("--silent"), loud.slice(2));
});
