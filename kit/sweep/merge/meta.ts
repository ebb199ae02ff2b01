/**
 * `meta.yaml` of sweeps that were merged.
 *
 * @module
 */

import { VERSION } from "../../contract/version.ts";
import { loadYaml } from "../../deps.ts";
import { axisText } from "../measure/meta.ts";
import { part } from "../sweep_folder.ts";
import type { MergeSource } from "./source.ts";
import type { MergedTable } from "./tables.ts";
import { mergedFindings, type Owners } from "./validation.ts";

/** Keys of the engine of which the larger one counts: it is how far the tables reach. */
const LARGEST = ["max_num_batched_tokens", "max_num_seqs"];

/** The file, without the fit. */
export async function mergedMeta(
  sources: readonly MergeSource[],
  tables: readonly MergedTable[],
  owners: Owners,
): Promise<string> {
  const first = sources[0]!.meta;
  const metas = sources.map(({ meta }) => meta);
  const largest = (values: readonly unknown[]) => {
    const numbers = values.filter((value) => typeof value === "number");
    return numbers.length === 0 ? {} : { value: Math.max(...numbers) };
  };
  const engines = metas.map((meta) => part(meta, "engine_effective"));
  const engine = Object.fromEntries(
    Object.entries(engines[0]!).flatMap(([key, value]) => {
      if (LARGEST.includes(key)) return [[key, largest(engines.map((one) => one[key])).value]];
      const same = engines.every((one) => JSON.stringify(one[key]) === JSON.stringify(value));
      return same || key === "model" ? [[key, value]] : [];
    }),
  );
  const limits = ["max_model_len", "num_cache_tokens"].flatMap((key) => {
    const found = largest(metas.map((meta) => meta[key]));
    return "value" in found ? [[key, found.value] as const] : [];
  });
  const document = {
    ...first,
    profiler_version: `vscope ${VERSION}`,
    // A label that is free to choose: that of the first.
    hardware: first["hardware"],
    profiled_at: metas.map((meta) => String(meta["profiled_at"] ?? "")).toSorted().at(-1),
    tp_degrees: [...new Set(sources.flatMap(({ degrees }) => degrees))].sort((a, b) => a - b),
    engine_effective: engine,
    attention_grid: gridOf(metas, tables),
    // Absent is the grid of powers of two, and what not all of them had is no grid of the whole.
    moe_grid: sameOf(metas, "moe_grid"),
    measurement_iterations: Math.min(
      ...metas.map((meta) => Number(meta["measurement_iterations"] ?? 1)),
    ),
    skew_profile: skewOf(metas, tables),
    skew_fit: { enabled: false },
    // Of rows that are missing nothing can be told then.
    grids: metas.every(isWhole) && haveOneGrid(metas) ? undefined : "differ",
    ...Object.fromEntries(limits),
    ...mergedFindings(owners),
    sweeps: sources.flatMap(sweepsOf),
    merged: sources.map(({ dir, meta }, place) => ({
      from: dir,
      profiled_at: meta["profiled_at"] ?? null,
      profiler_version: meta["profiler_version"] ?? null,
      rows: Object.fromEntries(
        tables.map(({ path, rows }) => [path, rows.filter(({ source }) => source === place).length])
          .filter(([, count]) => count !== 0),
      ),
    })),
  };
  const { dump } = await loadYaml();
  return dump(document, { flowLevel: 3, lineWidth: 100, noRefs: true, skipInvalid: true });
}

/** The value that all of them have; undefined where they differ. */
function sameOf(metas: readonly Readonly<Record<string, unknown>>[], key: string): unknown {
  const [first, ...others] = metas.map((meta) => meta[key]);
  const text = JSON.stringify(first);
  return others.every((other) => JSON.stringify(other) === text) ? first : undefined;
}

/** Whether a sweep of vscope's was to have all of the grid that its meta tells of. */
function isWhole(meta: Readonly<Record<string, unknown>>): boolean {
  return String(meta["profiler_version"]).startsWith("vscope") &&
    meta["adaptive"] === undefined && meta["grids"] !== "differ";
}

/** Whether all were measured over the same one, as far as they have its tables. */
function haveOneGrid(metas: readonly Readonly<Record<string, unknown>>[]): boolean {
  const grids = metas.map((meta) => {
    const engine = part(meta, "engine_effective");
    const { max_kv, chunk_factor, kv_factor } = part(meta, "attention_grid");
    return [LARGEST.map((key) => engine[key]), max_kv, chunk_factor, kv_factor];
  });
  const steps = metas.map((meta) => part(meta, "skew_profile"))
    .filter((skew) => skew["enabled"] === true).map((skew) => skew["factors"]);
  return [grids, steps].every((all) => new Set(all.map((one) => JSON.stringify(one))).size < 2);
}

/** Steps that not all of them had are left out; the axes are those of the rows. */
function gridOf(
  metas: readonly Readonly<Record<string, unknown>>[],
  tables: readonly MergedTable[],
) {
  const grids = metas.map((meta) => part(meta, "attention_grid"));
  const rows = tables.filter(({ name }) => name === "attention").flatMap((table) => table.rows);
  const axis = (place: number, ...more: number[]) =>
    axisText(
      [...new Set(rows.flatMap(({ key }) => [place, ...more].map((at) => Number(key[at]))))]
        .sort((a, b) => a - b),
    );
  const kept = ["chunk_factor", "kv_factor"].filter((key) =>
    grids.every((grid) => grid[key] !== undefined && grid[key] === grids[0]![key])
  );
  return {
    max_kv: Math.max(...grids.map((grid) => Number(grid["max_kv"] ?? 0))),
    ...Object.fromEntries(kept.map((key) => [key, grids[0]![key]])),
    ...(rows.length === 0 ? {} : { chunks: axis(0), n_decode: axis(2), kv: axis(1, 3) }),
  };
}

function skewOf(
  metas: readonly Readonly<Record<string, unknown>>[],
  tables: readonly MergedTable[],
) {
  const profiles = metas.map((meta) => part(meta, "skew_profile"))
    .filter((profile) => profile["enabled"] === true);
  const enabled = tables.some(({ name, rows }) => name === "skew" && rows.length > 0);
  const kept = ["factors", "grid"].filter((key) =>
    profiles.every((one) => JSON.stringify(one[key]) === JSON.stringify(profiles[0]?.[key]))
  );
  return {
    enabled,
    ...(enabled && profiles.length > 0
      ? Object.fromEntries(kept.map((key) => [key, profiles[0]![key]]))
      : {}),
  };
}

/** The runs that a sweep is of; one that does not list them is one run. */
function sweepsOf({ meta }: MergeSource): unknown[] {
  const told = meta["sweeps"];
  if (Array.isArray(told) && told.length > 0) return told;
  const keys = ["gpu", "vllm_version", "architecture_sha256", "model_config_sha256"];
  return [{
    started_at: meta["profiled_at"] ?? null,
    ...Object.fromEntries(keys.flatMap((key) => meta[key] === undefined ? [] : [[key, meta[key]]])),
  }];
}
