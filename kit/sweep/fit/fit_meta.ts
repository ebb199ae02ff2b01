/**
 * The `skew_fit` part of `meta.yaml`, as PyYAML writes it; the rest of the file stays as it is.
 *
 * @module
 */

import { pythonFloat } from "../rounding.ts";
import type { BucketAxes } from "./bucket_axes.ts";
import type { SkewFit } from "./fit.ts";

/** A number that Python has as a float, written as such. */
class Float {
  constructor(readonly value: number) {}
}

type Node = string | number | boolean | Float | readonly Node[] | { readonly [key: string]: Node };

/** Width from which PyYAML goes to a new line before the next element of a list. */
const BEST_WIDTH = 80;

/** The name of the formula. */
const REFERENCE_METHOD = "per_bucket_wls_5axis";

/** What meta says of one TP degree's fit. */
export function fitSummary(fit: SkewFit): Readonly<Record<string, number>> {
  return {
    n_samples: fit.samples,
    alpha_default: fit.alphaDefault,
    ...(fit.errors
      ? {
        rel_err_p50: fit.errors.p50,
        rel_err_p90: fit.errors.p90,
        rel_err_p99: fit.errors.p99,
        signed_mean: fit.errors.signedMean,
      }
      : {}),
  };
}

/** The axes as meta has them. */
export function axesOfMeta(
  axes: BucketAxes,
): Readonly<Record<string, readonly unknown[] | string>> {
  return {
    pc: "raw pc value (profiled grid point)",
    n_bins: axes.n.bins,
    n_labels: axes.n.labels,
    skew_rate_bins: axes.skewRate.bins,
    skew_rate_labels: axes.skewRate.labels,
    kv_big_bins: axes.kvBig.bins,
    kv_big_labels: axes.kvBig.labels,
    kp_bins: axes.kp.bins,
    kp_labels: axes.kp.labels,
  };
}

/** The block of some fits, from `skew_fit:` to its last line. */
export function skewFitBlock(fits: ReadonlyMap<number, SkewFit>): string {
  const entries = [...fits].map(([tp, fit]) => [tp, axesNode(fit.axes), fit] as const);
  const axes = entries.map(([, node]) => JSON.stringify(node));
  const shared = axes.every((text) => text === axes[0]);
  const perTp = Object.fromEntries(entries.map(([tp, node, fit]) => {
    const { n_samples, ...floats } = fitSummary(fit);
    const { alpha_default, ...errors } = floats as Record<string, number>;
    return [String(tp), {
      method: REFERENCE_METHOD,
      n_samples: n_samples!,
      alpha_default: new Float(alpha_default!),
      bucket_table: `tp${tp}/skew_fit.csv`,
      ...Object.fromEntries(
        Object.entries(errors).map(([name, value]) => [name, new Float(value)]),
      ),
      ...(shared ? {} : { bucket_axes: node }),
    }];
  }));
  return mapping({
    skew_fit: fits.size === 0
      ? { enabled: false }
      : { enabled: true, ...(shared ? { bucket_axes: entries[0]![1] } : {}), per_tp: perTp },
  }, 0).join("\n") + "\n";
}

function axesNode(axes: BucketAxes): { readonly [key: string]: Node } {
  return {
    ...axesOfMeta(axes) as { readonly [key: string]: Node },
    skew_rate_bins: axes.skewRate.bins.map((bin) => new Float(bin)),
  };
}

function mapping(node: { readonly [key: string]: Node }, indent: number): string[] {
  return Object.entries(node).flatMap(([key, value]) => {
    const start = `${" ".repeat(indent)}${key}:`;
    if (Array.isArray(value)) return [list(start, value, indent)];
    return typeof value === "object" && !(value instanceof Float)
      ? [start, ...mapping(value as { readonly [key: string]: Node }, indent + 2)]
      : [`${start} ${scalar(value as Node)}`];
  });
}

function list(start: string, values: readonly Node[], indent: number): string {
  let text = `${start} [`;
  let column = text.length;
  for (const [place, value] of values.entries()) {
    const word = scalar(value);
    if (place > 0) {
      column++;
      const wraps = column > BEST_WIDTH;
      text += wraps ? `,\n${" ".repeat(indent + 2)}` : ", ";
      column = wraps ? indent + 2 : column + 1;
    }
    text += word;
    column += word.length;
  }
  return `${text}]`;
}

function scalar(value: Node): string {
  return value instanceof Float ? pythonFloat(value.value) : String(value);
}

/** `meta.yaml` with another `skew_fit`; every other line as it was. */
export function withSkewFit(text: string, block: string): string {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const start = lines.findIndex((line) => /^(skew_fit|"skew_fit"|'skew_fit')\s*:/.test(line));
  if (start < 0) {
    const before = /^\s*(\{\s*\}\s*)?$/.test(text) ? "" : text.replace(/\n?$/, "\n");
    return before + block;
  }
  const after = lines.slice(start + 1).findIndex((line) => /^[^\s#-]/.test(line));
  const rest = after < 0 ? [] : lines.slice(start + 1 + after);
  const head = lines.slice(0, start).map((line) => `${line}\n`).join("");
  return head + block + rest.join("\n");
}
