/**
 * The rules of configs/kernels.yaml as one regular expression for tools that know only plain ones.
 *
 * @module
 */

import type { Category } from "../capture/model.ts";
import type { KernelRule } from "./classify.ts";

/**
 * An expression that matches every name of some categories, and perhaps others: that a name belongs
 * to an earlier rule cannot be said in it. It needs nothing that POSIX, ECMAScript and Perl do not
 * have in common, and no flags.
 *
 * @returns Nothing for `other`, which is what no rule matches: only all names match it.
 */
export function nameFilterOf(
  rules: readonly KernelRule[],
  categories: readonly Category[],
): string | undefined {
  if (categories.includes("other")) return undefined;
  return rules.filter(({ category }) => categories.includes(category))
    .flatMap(({ pattern }) => plainOf(pattern.source))
    .join("|");
}

/**
 * An expression without regard to case as one that spells both cases out.
 *
 * @throws TypeError where it uses what plain expressions lack.
 */
export function plainOf(source: string): string {
  if (/\(\?|\\[^\d\W]/.test(source.replaceAll("\\d", ""))) {
    throw new TypeError(`Kernel rules: "${source}" is no plain regular expression`);
  }
  let plain = "";
  for (let at = 0; at < source.length;) {
    const [piece = ""] = /^(\\.|\[(?:\\.|[^\]\\])*\]|.)/.exec(source.slice(at)) ?? [];
    plain += piece === "\\d"
      ? "[0-9]"
      : piece.length > 1 && piece.startsWith("[")
      ? bothCasesOf(piece)
      : /^[a-z]$/i.test(piece)
      ? `[${piece.toLowerCase()}${piece.toUpperCase()}]`
      : piece;
    at += piece.length;
  }
  return plain;
}

/** A class with the letters of the other case; `[^a-z]` leaves both out. */
function bothCasesOf(bracket: string): string {
  const [, not = "", inside = ""] = /^\[(\^?)(.*)\]$/.exec(bracket) ?? [];
  const lower = inside.toLowerCase().replaceAll("\\d", "0-9");
  const upper = inside.toUpperCase().replaceAll("\\D", "0-9");
  return `[${not}${lower}${upper === lower ? "" : upper}]`;
}
