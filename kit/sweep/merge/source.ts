/**
 * A sweep that is merged with others, and whether it may be.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import type { FileSystem } from "../../contract/context.ts";
import { type Journal, JOURNAL_NAME, parseJournal } from "../measure/journal.ts";
import { part, readMeta, sweepDegrees } from "../sweep_folder.ts";
import { TABLE_NAMES, type TableName } from "../sweep_tables.ts";
import { readTable, type Table } from "../table.ts";

/** A sweep with all that merging takes. */
export interface MergeSource {
  readonly dir: string;
  readonly degrees: readonly number[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** By `tp<N>/<name>`. */
  readonly tables: ReadonlyMap<string, { tp: number; name: TableName; table: Table }>;
  readonly journal?: Journal;
  readonly manifest?: Manifest;
}

/** Reads a sweep. Needs read permission. @throws {UsageError} where it is none. */
export async function readSource(files: FileSystem, dir: string): Promise<MergeSource> {
  const degrees = await sweepDegrees(files, dir, "merge");
  const meta = await readMeta(files, dir);
  if (!meta) {
    throw new UsageError(
      `Cannot merge "${dir}": it has no meta.yaml, so that nothing says what it was measured on`,
    );
  }
  const tables = new Map<string, { tp: number; name: TableName; table: Table }>();
  for (const tp of degrees) {
    for (const name of TABLE_NAMES) {
      const table = await readTable(files, `${dir}/tp${tp}/${name}.csv`);
      if (table) tables.set(`tp${tp}/${name}`, { tp, name, table });
    }
  }
  const journal = await files.readFile(`${dir}/${JOURNAL_NAME}`).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  });
  const manifest = await readManifest(files, dir);
  return {
    dir,
    degrees,
    meta: meta.values,
    tables,
    ...(journal ? { journal: parseJournal(journal) } : {}),
    ...(manifest ? { manifest } : {}),
  };
}

/** What rows of one table must have in common, in meta and in the sweeps that it lists. */
const IDENTITY = [
  "model",
  "model_config_sha256",
  "gpu",
  "vllm_version",
  "architecture",
  "architecture_sha256",
  "variant",
  "dtype",
  "quantization",
  "kv_cache_dtype",
  "timer",
];

/** Keys of `engine_effective` that change times. */
const ENGINE = ["dtype", "kv_cache_dtype", "quantization", "block_size", "enforce_eager"];

/**
 * Makes sure that sweeps are of one kind.
 *
 * @throws {UsageError} where two say something else of what they were measured on.
 */
export function checkOneKind(sources: readonly MergeSource[]): void {
  const [first, ...others] = sources;
  for (const other of others) {
    for (const key of IDENTITY) {
      compare(key, first!, other, valuesOf(first!, key), valuesOf(other, key));
    }
    for (const key of ENGINE) {
      const [one, two] = [first!, other].map(({ meta }) => part(meta, "engine_effective")[key]);
      compare(`engine_effective.${key}`, first!, other, known([one]), known([two]));
    }
    const skews = [first!, other].filter(({ tables }) =>
      [...tables.values()].some(({ name }) => name === "skew")
    );
    // LLMServingSim's profiler writes sums over its iterations into skew.csv.
    if (skews.length === 2 && skews[0]!.meta["times"] !== skews[1]!.meta["times"]) {
      throw refused(
        first!,
        other,
        "only one of them says that the times of skew.csv are microseconds",
      );
    }
  }
}

function valuesOf({ meta }: MergeSource, key: string): Set<string> {
  const sweeps = Array.isArray(meta["sweeps"]) ? meta["sweeps"] : [];
  return known([meta[key], ...sweeps.map((sweep) => sweep?.[key])]);
}

function known(values: readonly unknown[]): Set<string> {
  return new Set(values.filter((value) => value !== undefined && value !== null).map(String));
}

function compare(
  key: string,
  first: MergeSource,
  other: MergeSource,
  one: ReadonlySet<string>,
  two: ReadonlySet<string>,
): void {
  if (one.size === 0 || two.size === 0) return;
  if (new Set([...one, ...two]).size === 1) return;
  throw refused(
    first,
    other,
    `it was measured with ${key} ${[...two].join(" and ")}, the other with ${
      [...one].join(" and ")
    }`,
  );
}

/** Why a sweep cannot be merged into another. */
export function refused(first: MergeSource, other: MergeSource, why: string): UsageError {
  return new UsageError(`Cannot merge "${other.dir}" into "${first.dir}": ${why}`);
}
