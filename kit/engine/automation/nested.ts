/**
 * A recipe's work within an automation: its values, and the outcome of its bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { flagOf, type Options, type Values } from "../../contract/option.ts";
import type { Invocation, Outcome } from "../../contract/recipe.ts";
import { resolve } from "../../contract/resolve.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import type { AutomationValues } from "./options.ts";
import type { Automation, StageEnd } from "./stage.ts";

/** A recipe's values and invocation, as if it had been called with the server's command. */
export interface Nested<O extends Options> {
  values: Values<O>;
  invocation: Invocation;
  /** Its bundle. */
  out: string;
}

/**
 * The recipe's defaults, because what a person sets for a recipe's own runs is not meant for this one,
 * and the automation's values of some options.
 *
 * @param folder The recipe's bundle, within the automation's.
 * @param fixed Values that differ from the recipe's defaults here.
 * @param taken Options that the automation has by the same name and for the same thing.
 */
export function nested<O extends Options>(
  { values, invocation, out: parent, serve }: Automation,
  recipe: string,
  folder: string,
  options: O,
  taken: readonly (keyof O & keyof AutomationValues & string)[],
  fixed: Partial<Values<O>> = {},
): Nested<O> {
  const out = `${parent}/${folder}`;
  const { values: defaults, contract } = resolve(recipe, options, {});
  const own: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(fixed)) {
    own[name] = value;
    contract[flagOf(name)] = { value, source: "default" };
  }
  for (const name of taken) {
    own[name] = values[name];
    contract[flagOf(name)] = invocation.contract[flagOf(name)]!;
  }
  return {
    values: own as Values<O>,
    invocation: {
      ...invocation,
      command: serve,
      contract,
      common: { ...invocation.common, out },
    },
    out,
  };
}

/** Errors that a bundle notes. */
export async function errorsOf({ files }: RunContext, dir: string): Promise<string[]> {
  const manifest = await readManifest(files, dir).catch(() => undefined);
  return (manifest?.notes ?? []).filter(({ severity }) => severity === "error")
    .map(({ message }) => message);
}

/**
 * How a stage ended whose work is a recipe's bundle.
 *
 * @param known Errors of the bundle that are not of this stage.
 */
export async function endOf(
  context: RunContext,
  { status, bundle }: Outcome,
  known: readonly string[] = [],
): Promise<StageEnd> {
  if (status === "complete" || bundle === undefined) return { status };
  const own = (await errorsOf(context, bundle)).filter((message) => !known.includes(message));
  if (own.length > 0) return { status, reason: own.join("; ") };
  if (status !== "partial") return { status };
  return known.length > 0
    ? { status: "complete" }
    : { status, reason: "something of it is missing; its page says what" };
}

/** The status of a bundle that is closed; undefined for one that is open, or not there. */
export async function closedAs(
  { files }: RunContext,
  dir: string,
): Promise<"complete" | "partial" | "failed" | "interrupted" | undefined> {
  return (await readManifest(files, dir).catch(() => undefined))?.status;
}

/** Whether there is a file with something in it. */
export async function holds({ files }: RunContext, path: string): Promise<boolean> {
  return await files.stat(path).then(({ size }) => size > 0, () => false);
}
