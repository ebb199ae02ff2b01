/**
 * How far a batch of unequal decodes goes from the time of their mean history to that of the longest.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { fitSkew, type SkewFit } from "../fit/fit.ts";
import { labelOf } from "../fit/bucket_axes.ts";
import { skewRows } from "../fit/skew_rows.ts";
import { type Meta, part, type Reading } from "../sweep_folder.ts";
import { numberIn, readTable } from "../table.ts";

/** A batch with decodes of several lengths. */
export interface SkewQuery {
  /** Tokens of the prefill chunk; 0 without one. */
  readonly chunk: number;
  /** Tokens of its history. */
  readonly history: number;
  readonly decodes: number;
  /** History of the longest decode in tokens. */
  readonly longest: number;
  /** Where the mean lies between the shortest history (0) and the longest (1). */
  readonly rate: number;
}

/** Alpha of a batch. */
export type SkewAlpha = (query: SkewQuery) => number;

/** No correction: what nobody has measured. */
export const NO_SKEW: SkewAlpha = () => 0;

interface MetaAxis {
  readonly bins: readonly number[];
  readonly labels: readonly string[];
}

/** Axes of a fit whose meta tells of none. */
const OTHERWISE: Readonly<Record<"n" | "skew_rate" | "kv_big" | "kp", MetaAxis>> = {
  n: {
    bins: [0, 2, 4, 8, 16, 32, 64, 128, 1_000_000],
    labels: ["n<=2", "n<=4", "n<=8", "n<=16", "n<=32", "n<=64", "n<=128", "n>128"],
  },
  skew_rate: {
    bins: [-0.01, 0.05, 0.15, 0.4, 0.7, 1.01],
    labels: ["sr<=5%", "sr<=15%", "sr<=40%", "sr<=70%", "sr>70%"],
  },
  kv_big: {
    bins: [0, 1024, 4096, 16384, 1_000_000_000],
    labels: ["kvB<=1k", "kvB<=4k", "kvB<=16k", "kvB>16k"],
  },
  kp: { bins: [-1, 0, 2048, 1_000_000_000], labels: ["kp=0", "kp<=2k", "kp>2k"] },
};

/**
 * Alpha as LLMServingSim takes it: of the batch's bucket with exactly its chunk, else the one over all
 * rows; nothing where meta says that there is no fit. Needs read permission.
 *
 * @throws {UsageError} where a bucket table that meta names cannot be read.
 */
export async function referenceAlpha(
  files: Reading,
  dir: string,
  meta: Meta | undefined,
  tp: number,
): Promise<SkewAlpha> {
  const block = part(meta?.values, "skew_fit");
  if (!block["enabled"]) return NO_SKEW;
  const entry = part(part(block, "per_tp"), tp);
  if (Object.keys(entry).length === 0) return constant(block["alpha_default"]);
  const axes = Object.keys(part(entry, "bucket_axes")).length > 0
    ? part(entry, "bucket_axes")
    : part(block, "bucket_axes");
  const axis = (name: keyof typeof OTHERWISE): MetaAxis => {
    if (Object.keys(axes).length === 0) return OTHERWISE[name];
    const [bins, labels] = [axes[`${name}_bins`], axes[`${name}_labels`]];
    if (Array.isArray(bins) && Array.isArray(labels) && bins.length === labels.length + 1) {
      return { bins, labels };
    }
    throw new UsageError(
      `Cannot predict from "${dir}": skew_fit of meta.yaml has no ${name}_bins that fit its ` +
        `${name}_labels; "vscope bundle fit" writes them anew`,
    );
  };
  const [n, skewRate, kvBig, kp] = [axis("n"), axis("skew_rate"), axis("kv_big"), axis("kp")];
  const alphas = await bucketAlphas(files, dir, entry);
  const otherwise = constant(entry["alpha_default"]);
  return (query) => {
    const key = `pc=${query.chunk}|${labelOf(n, query.decodes)}|${
      labelOf(skewRate, Math.max(0, Math.min(1, query.rate)))
    }|${labelOf(kvBig, query.longest)}|${labelOf(kp, query.history)}`;
    return alphas.get(key) ?? otherwise(query);
  };
}

function constant(value: unknown): SkewAlpha {
  return () => typeof value === "number" ? value : 0;
}

async function bucketAlphas(
  files: Reading,
  dir: string,
  entry: Readonly<Record<string, unknown>>,
): Promise<ReadonlyMap<string, number>> {
  const own = Object.entries(part(entry, "alpha_by_bucket"));
  if (own.length > 0) return new Map(own.map(([key, alpha]) => [key, Number(alpha)]));
  const found = new Map<string, number>();
  if (typeof entry["bucket_table"] !== "string") return found;
  const path = `${dir}/${entry["bucket_table"]}`;
  const table = await readTable(files, path);
  if (!table) return found;
  const place = (column: string) => table.header.indexOf(column);
  const key = ["pc", "n_label", "skew_rate_label", "kv_big_label", "kp_label"].map(place);
  for (const { line, cells } of table.rows) {
    const alpha = numberIn(cells[place("alpha")]);
    if (alpha === undefined || Number.isNaN(alpha)) {
      throw new UsageError(
        `Cannot predict from ${path}: line ${line} has no alpha; "vscope bundle fit" writes the ` +
          "file anew",
      );
    }
    const [pc, ...labels] = key.map((at) => cells[at] ?? "");
    const raw = cells[place("raw_key")];
    found.set(raw ? raw : `pc=${Math.trunc(Number(pc))}|${labels.join("|")}`, alpha);
  }
  return found;
}

/**
 * Alpha between the chunks that were measured: of the batch's bucket at the nearest smaller and the
 * nearest larger chunk that have it, by the logarithm of the chunk; over all rows where none has it.
 *
 * A bucket has one alpha at each chunk that was measured, and an engine's chunks are hardly ever among
 * those. With a chunk's rows held out, this predicts their times 1.6 % to 1.8 % wrong at the median, where
 * the alpha over all rows is 4.5 % to 5.7 % wrong (the four sweeps published by LLMServingSim).
 */
export function smoothAlpha(fit: SkewFit): SkewAlpha {
  const buckets = new Map<string, { chunk: number; alpha: number }[]>();
  for (const { bucket: [chunk, ...labels], alpha } of fit.buckets) {
    const key = labels.join("|");
    const found = buckets.get(key);
    if (found) found.push({ chunk, alpha });
    else buckets.set(key, [{ chunk, alpha }]);
  }
  const { n, skewRate, kvBig, kp } = fit.axes;
  return ({ chunk, history, decodes, longest, rate }) => {
    const key = [
      labelOf(n, decodes),
      labelOf(skewRate, Math.max(0, Math.min(1, rate))),
      labelOf(kvBig, longest),
      labelOf(kp, history),
    ].join("|");
    const points = buckets.get(key) ?? [];
    const below = points.findLast((point) => point.chunk <= chunk);
    const above = points.find((point) => point.chunk >= chunk);
    if (!below || !above) return (below ?? above)?.alpha ?? fit.alphaDefault;
    if (below === above) return below.alpha;
    const size = (tokens: number) => Math.log2(tokens + 1);
    const share = (size(chunk) - size(below.chunk)) / (size(above.chunk) - size(below.chunk));
    return below.alpha + share * (above.alpha - below.alpha);
  };
}

/** {@linkcode smoothAlpha} of a `skew.csv`; undefined where there is none. Needs read permission. */
export async function measuredAlpha(
  files: Reading,
  folder: string,
): Promise<SkewAlpha | undefined> {
  const path = `${folder}/skew.csv`;
  const table = await readTable(files, path);
  const fit = table && fitSkew(skewRows(path, table));
  return fit && smoothAlpha(fit);
}
