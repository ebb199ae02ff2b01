/**
 * What kind of work a kernel or an operator does, told by its name.
 *
 * The rules stand in configs/kernels.yaml; the first that matches wins.
 *
 * @module
 */

import { verified } from "../../contract/verified_text.ts";
import rulesText from "../../../configs/kernels.yaml" with { type: "text" };
import { loadYaml } from "../../deps.ts";
import { CATEGORIES, type Category } from "../capture/model.ts";

/** A rule. */
export interface KernelRule {
  readonly name: string;
  readonly category: Category;
  readonly pattern: RegExp;
}

/** Tells the kind of work of a name. */
export type Classify = (name: string) => Category;

let loaded: Promise<readonly KernelRule[]> | undefined;

/** The rules in their order. */
export function kernelRules(): Promise<readonly KernelRule[]> {
  return loaded ??=
    (async () =>
      parseRules((await loadYaml()).load(verified("configs/kernels.yaml", rulesText))))();
}

/** A classifier by the rules of configs/kernels.yaml; what no rule matches is `other`. */
export async function kernelClassifier(): Promise<Classify> {
  const rules = await kernelRules();
  return (name) => ruleOf(rules, name)?.category ?? "other";
}

/** The first rule that matches a name. */
export function ruleOf(rules: readonly KernelRule[], name: string): KernelRule | undefined {
  return rules.find(({ pattern }) => pattern.test(name));
}

/**
 * Reads rules.
 *
 * @throws TypeError when one has no name, no known category or no pattern, or shares its name.
 */
export function parseRules(document: unknown): readonly KernelRule[] {
  const { rules } = (document ?? {}) as { rules?: unknown };
  if (!Array.isArray(rules)) throw new TypeError('Kernel rules: there is no list "rules"');
  const names = new Set<string>();
  return rules.map((rule: Record<string, unknown>, place) => {
    const { name, category, match } = rule;
    if (typeof name !== "string" || names.has(name)) {
      throw new TypeError(`Kernel rules: rule ${place + 1} has no name of its own`);
    }
    names.add(name);
    if (!CATEGORIES.includes(category as Category)) {
      throw new TypeError(`Kernel rules: "${name}" has the category "${category}"`);
    }
    const parts = Array.isArray(match) ? match : [match];
    if (parts.length === 0 || !parts.every((part) => typeof part === "string" && part !== "")) {
      throw new TypeError(`Kernel rules: "${name}" has no pattern`);
    }
    return { name, category: category as Category, pattern: new RegExp(parts.join("|"), "i") };
  });
}
