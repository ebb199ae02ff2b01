/**
 * The figures of a sweep, anybody's.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { part, readMeta, tpFolders } from "../../sweep/sweep_folder.ts";
import { SWEEP_TABLES, TABLE_NAMES, type TableName } from "../../sweep/sweep_tables.ts";
import { numberIn, readTable, type Table } from "../../sweep/table.ts";
import type { Fact, FactSubject, Figure, KindFigures, MatchedRows, Within } from "../figure.ts";

const US = { unit: "µs", better: "lower", scale: "ratio" } as const;

/** Keys of `meta.yaml` that say what was measured, and what on. */
const META_FACTS: readonly (readonly [FactSubject, string])[] = [
  ["model", "model"],
  ["model", "model_config_sha256"],
  ["model", "architecture"],
  ["model", "architecture_sha256"],
  ["model", "variant"],
  ["vllm", "vllm_version"],
  ["driver", "cuda_version"],
  ["hardware", "gpu"],
  ["hardware", "hardware"],
  ["flags", "measurement_iterations"],
  ["engine", "max_model_len"],
  ["engine", "num_cache_tokens"],
  ["engine", "timer"],
  ["recipe", "profiler_version"],
];

/** Reads the tables. Needs read permission. */
export async function sweepFigures(files: FileSystem, dir: string): Promise<KindFigures> {
  const figures: Figure[] = [];
  const matched: MatchedRows[] = [];
  const leftOut: string[] = [];
  for (const tp of await tpFolders(files, dir)) {
    for (const name of TABLE_NAMES) {
      const table = await readTable(files, `${dir}/tp${tp}/${name}.csv`);
      if (!table) continue;
      const read = rowsOf(table, name);
      if (read.unusable > 0) {
        leftOut.push(`tp${tp}/${name}: ${read.unusable} rows have no time, or no whole key`);
      }
      for (const [series, rows] of read.series) {
        const metric = `${tp === 1 ? "" : `tp${tp}_`}${name}.${series}`;
        matched.push({ ...US, metric: `${metric}${series === "" ? "" : "."}time_us`, rows });
      }
      figures.push(...read.rows.map((row) => ({
        ...row,
        metric: `${tp === 1 ? "" : `tp${tp}_`}${row.metric}`,
      })));
    }
  }
  const meta = (await readMeta(files, dir))?.values;
  return { facts: meta ? factsOf(meta) : [], figures, matched, leftOut };
}

interface Rows {
  /** Rows to be matched, by layer; by column of times in skew. */
  readonly series: ReadonlyMap<string, Map<string, number>>;
  /** Each row by itself. */
  readonly rows: readonly Figure[];
  readonly unusable: number;
}

function rowsOf(table: Table, name: TableName): Rows {
  const { key, times } = SWEEP_TABLES[name];
  const places = new Map(table.header.map((column, place) => [column, place]));
  const keys = key.filter((column) => column !== "layer");
  const series = new Map<string, Map<string, number>>();
  const rows: Figure[] = [];
  let unusable = 0;
  for (const { cells } of table.rows) {
    const cell = (column: string) => cells[places.get(column) ?? -1];
    const shape = keys.map((column) => numberIn(cell(column)));
    const layer = cell("layer") ?? "";
    for (const column of times) {
      const value = numberIn(cell(column));
      if (!isTime(value) || shape.some((part) => !Number.isFinite(part))) {
        unusable++;
        continue;
      }
      const own = times.length > 1 ? column.replace(/_us$/, "") : layer;
      const text = keys.map((column, place) => `${column}=${shape[place]}`).join(" ");
      let known = series.get(own);
      if (!known) series.set(own, known = new Map());
      known.set(text, value);
      const within = withinOf(
        value,
        numberIn(cell(column === "time_us" ? "spread_us" : column.replace("_us", "_spread_us"))),
        numberIn(cell("samples")),
      );
      rows.push({
        ...US,
        metric: `${name}.${own === "" ? "" : `${own} `}${text}.us`,
        value,
        ...(within ? { within } : {}),
      });
    }
  }
  return { series, rows, unusable };
}

function isTime(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

/** Means of the range of so many normal samples, in their deviations. */
const RANGES = [NaN, NaN, 1.128, 1.693, 2.059, 2.326, 2.534, 2.704, 2.847, 2.97, 3.078];

/** The error of a median, of how far its samples lie apart; its efficiency is that of normal samples. */
function withinOf(time: number, spread = NaN, samples = NaN): Within | undefined {
  if (!(spread >= 0 && spread < Infinity && Number.isInteger(samples) && samples >= 3)) {
    return undefined;
  }
  const range = RANGES[Math.min(samples, RANGES.length - 1)]!;
  return {
    error: 1.25 * spread / range / Math.sqrt(samples) / time,
    freedom: samples - 1,
  };
}

function factsOf(meta: Readonly<Record<string, unknown>>): Fact[] {
  const scalar = (value: unknown) =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  const own = META_FACTS.flatMap(([subject, name]): Fact[] => {
    const value = meta[name];
    return scalar(value) ? [{ subject, name, value: value as string }] : [];
  });
  const engine = Object.entries(part(meta, "engine_effective")).flatMap(([name, value]): Fact[] =>
    // The folder of a model is another one each time.
    !scalar(value) || name === "model" ? [] : [{
      subject: "engine",
      name,
      value: value as string,
    }]
  );
  const sweeps = Array.isArray(meta["sweeps"]) ? meta["sweeps"] : [];
  const told = (name: string) =>
    [
      ...new Set(sweeps.map((sweep) => sweep?.[name]).filter(scalar).map(String)),
    ].toSorted();
  const further = ["dtype", "quantization", "kv_cache_dtype"].map((name) =>
    ["flags", name] as const
  );
  const drivers = [["driver", "driver"], ["driver", "torch"]] as const;
  return [
    ...own,
    ...engine,
    ...[...further, ...drivers].flatMap(([subject, name]): Fact[] =>
      told(name).length === 0 ? [] : [{ subject, name, value: told(name).join(", ") }]
    ),
  ];
}
