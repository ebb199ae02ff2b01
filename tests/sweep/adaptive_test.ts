/** Which part of a grid is chosen, of tables whose times are known. */

import assert from "node:assert/strict";
import { blocksOf } from "../../kit/sweep/adaptive/blocks.ts";
import {
  type AdaptiveTable,
  firstChoice,
  keptPlaces,
  nextChoice,
  stateOf,
} from "../../kit/sweep/adaptive/choose.ts";
import { type CategoryGrid, sweepGrids } from "../../kit/sweep/grids/categories.ts";
import type { Key } from "../../kit/sweep/grids/grid.ts";
import { interpolatedOperators } from "../../kit/sweep/predict/interpolated.ts";
import { OutsideNotes } from "../../kit/sweep/predict/operators.ts";
import { attentionTable } from "../../kit/sweep/predict/perf_tables.ts";
import { referenceOperators } from "../../kit/sweep/predict/reference.ts";
import { NO_SKEW } from "../../kit/sweep/predict/skew_alpha.ts";
import { fc } from "../deps.ts";
import { COARSE, SMALL } from "./made.ts";

type Law = (key: Key) => number;

const GRIDS = sweepGrids(SMALL, COARSE, ["dense", "per_sequence", "attention", "moe", "skew"]);
const ATTENTION = GRIDS.find(({ category }) => category.name === "attention")!;

/** A table of one layer whose times follow a law; places are measured by `measure`. */
function tableOf(grid: CategoryGrid, law: Law) {
  const shown = new Set<number>();
  const times = (place: number) => {
    if (!shown.has(place)) return undefined;
    const time = law(grid.keys[place]!);
    // Of skew: the mean, the longest, and in between.
    return grid.category.name === "skew" ? [time, 2 * time, 1.3 * time] : [time];
  };
  return {
    table: { grid, times } satisfies AdaptiveTable,
    shown,
    measure(places: readonly number[]) {
      for (const place of places) shown.add(place);
    },
  };
}

/** Chooses and measures until so many rounds are over, or nothing is chosen; the rounds. */
function run(
  tables: readonly ReturnType<typeof tableOf>[],
  shots: number,
  rounds: number,
  target?: number,
) {
  for (let round = 0; round < rounds; round++) {
    const choices = nextChoice(tables.map(({ table }) => table), shots, target);
    if (choices.length === 0) return round;
    for (const { category, places } of choices) {
      const own = tables.find(({ table }) => table.grid.category.name === category)!;
      assert.ok(places.length > 0 && places.every((place) => !own.shown.has(place)), category);
      own.measure(places);
    }
  }
  return rounds;
}

const size: Law = ([c = 0, kp = 0, n = 0, kd = 0]) => 1 + c * (c + kp) + n * kd;
const LAWS: Readonly<Record<string, Law>> = {
  bent: (key) => 5 + Math.max(40, size(key) ** 0.8),
  level: () => 7,
  jagged: (key) => 10 + 8 * Math.sin(size(key)),
};

Deno.test("a part is of the grid: every block at its corners, every row whole, whenever it is cut off", () => {
  const blocks = blocksOf(ATTENTION);
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(LAWS)),
      fc.integer({ min: 1, max: 80 }),
      fc.integer({ min: 1, max: 25 }),
      (law, shots, rounds) => {
        const one = tableOf(ATTENTION, LAWS[law]!);
        run([one], shots, rounds);
        const kept = new Set(keptPlaces(one.table));
        for (const place of kept) assert.ok(one.shown.has(place));
        const begun = firstChoice(one.table).every((place) => one.shown.has(place));
        for (const block of blocks) {
          for (const row of block.outer.keys()) {
            const own = block.inner.keys().map((column) => block.cell(row, column))
              .filter((place) => place !== undefined && kept.has(place)).toArray();
            const ends = block.ends(row).map((column) => block.cell(row, column)!);
            if (own.length > 0) assert.ok(ends.every((place) => kept.has(place)));
            const corner = row === 0 || row === block.outer.length - 1;
            if (begun && corner) assert.ok(own.length > 0, `${block.at} ${row}`);
          }
        }
      },
    ),
    { numRuns: 12 },
  );
});

Deno.test("what is predicted at a key of the part is its time, by either method", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("bent", "jagged"),
      fc.integer({ min: 8, max: 30 }),
      (law, rounds) => {
        const one = tableOf(ATTENTION, LAWS[law]!);
        run([one], 40, rounds);
        const rows = keptPlaces(one.table).map((place) => ({
          layer: "",
          key: ATTENTION.keys[place]!,
          us: LAWS[law]!(ATTENTION.keys[place]!),
        }));
        const own = { attention: attentionTable(rows, (us) => us * 1000) };
        const tables = { tp: 1, own, first: own, firstTp: 1, alpha: NO_SKEW };
        const methods = [
          interpolatedOperators(tables),
          referenceOperators({ ...tables, tpStable: new Set() }),
        ];
        for (const { key: [chunk, history, count, decodeHistory], us } of rows) {
          for (const operators of methods) {
            const outside = new OutsideNotes();
            const found = operators.attention({
              prefills: chunk! > 0 ? [{ tokens: chunk!, history: history!, count: 1 }] : [],
              decodes: count! > 0 ? [{ tokens: 1, history: decodeHistory!, count: count! }] : [],
            }, outside)!;
            assert.ok(
              Math.abs(found - us * 1000) <= 1,
              `${[chunk, history, count, decodeHistory]}`,
            );
            assert.deepEqual(outside.notes, []);
          }
        }
      },
    ),
    { numRuns: 6 },
  );
});

Deno.test("in the end everything is chosen, each key once", () => {
  const tables = GRIDS.map((grid) => tableOf(grid, LAWS["jagged"]!));
  run(tables, 400, 1000);
  for (const { table: { grid }, shown } of tables) {
    assert.equal(shown.size, grid.keys.length, grid.category.name);
  }
});

Deno.test("tables that are good enough are left as they are", () => {
  const straight: Law = ([c = 0, kp = 0, n = 0, kd = 0]) => 10 + c + kp + n + kd;
  const tables = GRIDS.map((grid) => tableOf(grid, straight));
  run(tables, 100, 1000, 0.02);
  for (const { table, shown } of tables) {
    const first = firstChoice(table).length;
    assert.equal(shown.size, first, table.grid.category.name);
    const { error, keys } = stateOf(table);
    if (first < keys) assert.ok(error!.mean <= 0.02, JSON.stringify(error));
  }
});

Deno.test("shots are spent where the times are no straight lines", () => {
  // Of few decodes level times; of many a floor, and a slope behind it.
  const law: Law = ([, , n = 0, kd = 0]) => n >= 4 ? 10 + Math.max(0, kd - 300) : 10;
  const one = tableOf(ATTENTION, law);
  const first = firstChoice(one.table).length;
  one.measure(firstChoice(one.table));
  run([one], 20, 2);
  assert.ok(one.shown.size > first);
  const spent = [...one.shown].filter((place) => !firstChoice(one.table).includes(place));
  const bent = spent.filter((place) => ATTENTION.keys[place]![2]! >= 4).length;
  assert.ok(bent > 0.8 * spent.length, `${bent} of ${spent.length}`);
});

Deno.test("the error that is told is that of keys that are not measured", () => {
  const one = tableOf(ATTENTION, LAWS["bent"]!);
  run([one], 30, 6);
  const { error, measured, kept } = stateOf(one.table);
  assert.ok(measured < ATTENTION.keys.length && kept <= measured);
  // All others, read as the probes were.
  const every = tableOf(ATTENTION, LAWS["bent"]!);
  every.measure([...one.shown]);
  const left = ATTENTION.keys.keys().filter((place) => !one.shown.has(place)).toArray();
  const rows = keptPlaces(one.table).map((place) => ({
    layer: "",
    key: ATTENTION.keys[place]!,
    us: LAWS["bent"]!(ATTENTION.keys[place]!),
  }));
  const own = { attention: attentionTable(rows, (us) => us) };
  const operators = interpolatedOperators({ tp: 1, own, first: own, firstTp: 1, alpha: NO_SKEW });
  const mean = left.reduce((sum, place) => {
    const [chunk, history, count, decodeHistory] = ATTENTION.keys[place]!;
    const found = operators.attention({
      prefills: chunk! > 0 ? [{ tokens: chunk!, history: history!, count: 1 }] : [],
      decodes: count! > 0 ? [{ tokens: 1, history: decodeHistory!, count: count! }] : [],
    }, new OutsideNotes())!;
    return sum + Math.abs(found / LAWS["bent"]!(ATTENTION.keys[place]!) - 1);
  }, 0) / left.length;
  assert.ok(error!.mean > mean / 3 && error!.mean < 3 * mean, `${error!.mean} of ${mean}`);
});
