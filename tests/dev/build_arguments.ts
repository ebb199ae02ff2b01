/**
 * `./dev build [--target SYSTEM|all]…`: without a target the file that unpacks itself, which needs
 * no download; else the compiled file of each.
 *
 * @module
 */

import { build } from "./build.ts";
import { buildTarget } from "./compile.ts";
import { say } from "./run.ts";
import { type Target, TARGETS } from "./targets.ts";

/** The targets that were named, each once; undefined where a name is none. */
export function targetsNamed(names: readonly string[]): Target[] | undefined {
  const known = (name: string) => name === "all" || TARGETS.some((one) => one.name === name);
  if (!names.every(known)) return undefined;
  return TARGETS.filter(({ name }) => names.includes(name) || names.includes("all"));
}

/** Splits `--target A --target B` from the other words; undefined where a name is missing. */
export function splitTargets(
  args: readonly string[],
): { names: string[]; rest: string[] } | undefined {
  const [names, rest]: [string[], string[]] = [[], []];
  for (let at = 0; at < args.length; at++) {
    if (args[at] !== "--target") rest.push(args[at]!);
    else if (args[++at] === undefined) return undefined;
    else names.push(args[at]!);
  }
  return { names, rest };
}

/** Builds what the arguments ask for; returns the exit code. */
export async function buildAsked(args: readonly string[]): Promise<number> {
  const split = splitTargets(args);
  const targets = split && targetsNamed(split.names);
  if (!split || !targets || split.rest.length > 0) {
    const names = TARGETS.map(({ name }) => name).join(", ");
    await say(`Usage: ./dev build [--target SYSTEM]…, SYSTEM is one of ${names}, all`);
    return 2;
  }
  if (targets.length === 0) return await build();
  for (const target of targets) {
    const code = await buildTarget(target);
    if (code !== 0) return code;
  }
  return 0;
}
