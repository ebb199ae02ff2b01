/**
 * What a sweep of a part of its grid is worth: a complete sweep is the truth, of which a part is shown, and
 * the rest is predicted from it. The part is chosen as `sweep --budget` chooses it, at random, or as every
 * so many values of each axis.
 *
 * `deno run -A tests/bench/adaptive.ts [SWEEP] [SEEDS]`
 *
 * @module
 */

import { fitSkew } from "../../kit/sweep/fit/fit.ts";
import { type CategoryGrid, sweepGrids } from "../../kit/sweep/grids/categories.ts";
import { shotKey } from "../../kit/sweep/grids/shot.ts";
import type { TimesAt } from "../../kit/sweep/adaptive/lattice.ts";
import { keptPlaces, nextChoice, stateOf } from "../../kit/sweep/adaptive/choose.ts";
import { rowOf } from "../../kit/sweep/adaptive/skew_cases.ts";
import { errorFigures } from "../../kit/sweep/predict/errors.ts";
import { interpolatedOperators } from "../../kit/sweep/predict/interpolated.ts";
import { type Operators, OutsideNotes } from "../../kit/sweep/predict/operators.ts";
import { attentionTable, curveOf, nanoseconds } from "../../kit/sweep/predict/perf_tables.ts";
import { referenceOperators } from "../../kit/sweep/predict/reference.ts";
import { NO_SKEW, smoothAlpha } from "../../kit/sweep/predict/skew_alpha.ts";
import { part, readMeta } from "../../kit/sweep/sweep_folder.ts";
import { readTable } from "../../kit/sweep/table.ts";
import { say } from "../dev/run.ts";

const SHARES = [0.05, 0.1, 0.2, 0.4];
/** Keys of attention that are predicted: all would take minutes for each figure. */
const ASKED = 2000;

const dir = Deno.args[0] ?? "perf/H200/Qwen/Qwen3-0.6B/bf16";
const seeds = Number(Deno.args[1] ?? 3);

const meta = (await readMeta(Deno, dir))!.values;
const engine = part(meta, "engine_effective");
const axes = part(meta, "attention_grid");
const factors = part(part(meta, "skew_profile"), "factors");
const grids = sweepGrids({
  maxNumBatchedTokens: Number(engine["max_num_batched_tokens"]),
  maxNumSeqs: Number(engine["max_num_seqs"]),
  maxModelLen: Number(meta["max_model_len"]),
  numCacheTokens: Number(meta["num_cache_tokens"]),
}, {
  attentionMaxKv: Number(axes["max_kv"]),
  attentionChunkFactor: Number(axes["chunk_factor"]),
  attentionKvFactor: Number(axes["kv_factor"]),
  moeFactor: 2,
  skewNFactor: Number(factors["n"]),
  skewPcFactor: Number(factors["pc"]),
  skewKpFactor: Number(factors["kp"]),
  skewKvsFactor: Number(factors["kvs"]),
}, ["dense", "per_sequence", "attention", "skew"]);

/** All times of a table, by place in its grid; of layers in the order of their names. */
async function truthOf(grid: CategoryGrid): Promise<(readonly number[])[]> {
  const { name, columns } = grid.category;
  const { header, rows } = (await readTable(Deno, `${dir}/tp1/${name}.csv`))!;
  const place = (column: string) => header.indexOf(column);
  const wanted = name === "skew" ? ["t_mean_us", "t_max_us", "t_skew_us"] : ["time_us"];
  const found = new Map<string, number[]>();
  for (const { cells } of rows) {
    const key = columns.map((column) => Number(cells[place(column)])).join();
    const times = found.get(key) ?? [];
    found.set(key, [...times, ...wanted.map((column) => Number(cells[place(column)]))]);
  }
  return grid.keys.map((key) => found.get(key.join())!);
}
const truth = new Map<CategoryGrid, (readonly number[])[]>();
for (const grid of grids) truth.set(grid, await truthOf(grid));

/** Places that are shown, by table. */
type Shown = ReadonlyMap<CategoryGrid, ReadonlySet<number>>;

function shotsOf(shown: Shown): number {
  const fired = new Set<string>();
  for (const [{ category, keys }, places] of shown) {
    for (const place of places) {
      for (const shot of category.shots(keys[place]!)) fired.add(shotKey(shot));
    }
  }
  return fired.size;
}
const all = shotsOf(new Map(grids.map((grid) => [grid, new Set(grid.keys.keys())])));

function tablesOf(shown: Shown) {
  return grids.map((grid) => ({
    grid,
    times:
      ((place) => shown.get(grid)!.has(place) ? truth.get(grid)![place] : undefined) as TimesAt,
  }));
}

let rounds = 0;

function adaptive(share: number): Shown {
  const shown = new Map(grids.map((grid) => [grid, new Set<number>()]));
  for (;;) {
    const left = Math.floor(share * all) - shotsOf(shown);
    if (left < 3) return shown;
    const choices = nextChoice(tablesOf(shown), Math.min(left, Math.ceil(all / 50)));
    if (choices.length === 0) return shown;
    rounds++;
    for (const { category, places } of choices) {
      const grid = grids.find((one) => one.category.name === category)!;
      for (const place of places) shown.get(grid)!.add(place);
    }
  }
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function lots(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Keys drawn from all tables alike, and the largest and the smallest of each. */
function random(share: number, seed: number): Shown {
  const lot = lots(seed);
  return new Map(grids.map((grid) => [
    grid,
    new Set([
      0,
      grid.keys.length - 1,
      ...grid.keys.keys().filter(() => lot() < share),
    ]),
  ]));
}

/** Every so many values of each axis, the last always: of the finest that stays below the share. */
function regular(share: number): Shown {
  return new Map(grids.map((grid) => {
    const { columns } = grid.category;
    const values = columns.map((_, column) =>
      [...new Set(grid.keys.map((key) => key[column]!))].sort((one, other) => one - other)
    );
    let best = new Set([0, grid.keys.length - 1]);
    for (const coarse of [1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32]) {
      for (const coarser of [1, 2, 3, 4, 6, 12]) {
        const kept = values.map((axis, column) => {
          const step = /^k/.test(columns[column]!) ? coarse * coarser : coarse;
          return new Set(
            axis.filter((_, place) => place % step === 0 || place === axis.length - 1),
          );
        });
        const found = grid.keys.keys().filter((place) =>
          grid.keys[place]!.every((value, column) =>
            columns[column] === "nb" || columns[column] === "skew" || kept[column]!.has(value)
          )
        ).toArray();
        if (found.length <= share * grid.keys.length && found.length > best.size) {
          best = new Set(found);
        }
      }
    }
    return [grid, best];
  }));
}

function perfTables(shown: Shown) {
  const rows = (name: string, layer = 0) => {
    const grid = grids.find(({ category }) => category.name === name)!;
    const times = truth.get(grid)!;
    return [...shown.get(grid)!].map((place) => ({
      layer: "",
      key: grid.keys[place]!,
      us: times[place]![layer]!,
    }));
  };
  const layers = (name: string) =>
    new Map(
      truth.get(grids.find(({ category }) => category.name === name)!)![0]!
        .map((_, layer) => [String(layer), curveOf(rows(name, layer), nanoseconds)]),
    );
  return {
    dense: layers("dense"),
    perSequence: layers("per_sequence"),
    attention: attentionTable(rows("attention"), nanoseconds),
  };
}

/** Signed errors at keys that are not shown. */
function errors(grid: CategoryGrid, shown: Shown, operators: Operators, isReference: boolean) {
  const hidden = grid.keys.keys().filter((place) => !shown.get(grid)!.has(place)).toArray();
  const lot = lots(1);
  const asked = hidden.filter(() => lot() < ASKED / hidden.length);
  const times = truth.get(grid)!;
  const notes = new OutsideNotes();
  const { name } = grid.category;
  if (name === "skew") {
    const rows = [...shown.get(grid)!].map((place) => rowOf(grid.keys[place]!, times[place]!))
      .filter((row) => row.t_max_us - row.t_mean_us > 0.02 * row.t_mean_us);
    const fit = fitSkew(rows);
    const alpha = fit && !isReference ? smoothAlpha(fit) : () => fit?.alphaDefault ?? 0;
    return asked.map((place) => {
      const row = rowOf(grid.keys[place]!, times[place]!);
      const rate = (row.kv_mean - row.kvs) / Math.max(1, row.kv_big - row.kvs);
      const { n, pc, kp, kv_big } = row;
      const share = alpha({ chunk: pc, history: kp, decodes: n, longest: kv_big, rate });
      const span = Math.max(0, row.t_max_us - row.t_mean_us);
      return (row.t_mean_us + share * span) / row.t_skew_us - 1;
    });
  }
  return asked.flatMap((place) => {
    const key = grid.keys[place]!;
    const measured = times[place]!;
    if (name === "attention") {
      const [chunk, history, count, decodeHistory] = key;
      const ns = operators.attention({
        prefills: chunk! > 0 ? [{ tokens: chunk!, history: history!, count: 1 }] : [],
        decodes: count! > 0 ? [{ tokens: 1, history: decodeHistory!, count: count! }] : [],
      }, notes)!;
      return [ns / 1000 / measured[0]! - 1];
    }
    const read = measured.map((_, layer) =>
      name === "dense"
        ? operators.dense(String(layer), key[0]!, notes)!
        : operators.perSequence(String(layer), key[0]!, notes)!
    );
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return [sum(read) / 1000 / sum(measured) - 1];
  });
}

async function judge(what: string, parts: readonly Shown[]): Promise<void> {
  const cells: string[] = [];
  const means: number[] = [];
  const referenceMeans: number[] = [];
  for (const grid of grids) {
    const found: number[] = [];
    const reference: number[] = [];
    for (const shown of parts) {
      const own = perfTables(shown);
      const tables = { tp: 1, own, first: own, firstTp: 1, alpha: NO_SKEW };
      found.push(...errors(grid, shown, interpolatedOperators(tables), false));
      const referring = referenceOperators({ ...tables, tpStable: new Set() });
      reference.push(...errors(grid, shown, referring, true));
    }
    const mean = (values: number[]) =>
      values.reduce((sum, value) => sum + Math.abs(value), 0) / Math.max(1, values.length);
    means.push(mean(found));
    referenceMeans.push(mean(reference));
    const figures = errorFigures(found);
    const keys = parts.reduce((sum, shown) => sum + shown.get(grid)!.size, 0) / parts.length;
    cells.push(
      figures
        ? `${percent(mean(found))}, ${percent(figures.median)}, ${percent(figures.p90)} (${
          Math.round(100 * keys / grid.keys.length)
        } %)`
        : "all measured",
    );
  }
  const share = parts.reduce((sum, shown) => sum + shotsOf(shown), 0) / parts.length / all;
  const average = (values: number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  await say(
    `| ${what} | ${percent(share)} | ${cells.join(" | ")} | ${percent(average(means))} | ${
      percent(average(referenceMeans))
    } |`,
  );
}

function percent(value: number): string {
  return (100 * value).toFixed(1);
}

await say(
  `${dir}: ${all} distinct shots. Errors at keys that are not shown: mean, median, P90 in %.\n`,
);
await say(
  `| part | shots, % | ${grids.map(({ category }) => category.name).join(" | ")} | mean of all | ` +
    "by the reference's reading |",
);
await say(`|${"---|".repeat(grids.length + 4)}`);
const told: string[] = [];
for (const share of SHARES) {
  const shown = adaptive(share);
  const kept = new Map(tablesOf(shown).map((table) => [table.grid, new Set(keptPlaces(table))]));
  await judge(`adaptive (${rounds} rounds)`, [kept]);
  rounds = 0;
  await judge(`regular`, [regular(share)]);
  await judge(`random`, Array.from({ length: seeds }, (_, seed) => random(share, seed + 1)));
  told.push(`\n${100 * share} %:`);
  for (const table of tablesOf(shown)) {
    const { error } = stateOf(table);
    if (error) told.push(`${table.grid.category.name} ${percent(error.mean)}`);
  }
}
await say(`\nThe mean error that each part tells of itself, in %:\n${told.join(" ")}`);
