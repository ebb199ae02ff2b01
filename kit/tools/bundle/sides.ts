/**
 * The two sides of a comparison, as `bundle diff` and `bundle gate` take them.
 *
 * @module
 */

import type { ComparedBundle } from "../../compare/figure.ts";
import { readCompared } from "../../compare/read_bundle.ts";
import type { RunContext } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { list, number, path } from "../../contract/options.ts";

/** Options of both commands. */
export const sideOptions = {
  base: list({
    of: path({ doc: "A bundle", leadsTo: "folder" }),
    doc: "More runs of the first side, repeats of the same; may be given several times",
  }),
  new: list({
    of: path({ doc: "A bundle", leadsTo: "folder" }),
    doc: "More runs of the second side",
  }),
  confidence: number({
    default: 0.95,
    min: 0.5,
    max: 0.9999,
    doc: "Probability that an interval holds what it is for",
  }),
} as const;

/**
 * Reads both sides.
 *
 * @throws {UsageError} where one is empty, or a bundle is given twice.
 */
export async function readSides(
  { files, output, signal }: RunContext,
  verb: string,
  operands: readonly string[],
  { base = [], new: fresh = [] }: {
    base?: readonly string[] | undefined;
    new?: readonly string[] | undefined;
  },
): Promise<readonly [ComparedBundle[], ComparedBundle[]]> {
  const [first, second] = operands;
  const sides = [[...first === undefined ? [] : [first], ...base], [
    ...second === undefined ? [] : [second],
    ...fresh,
  ]] as const;
  for (const [place, side] of sides.entries()) {
    if (side.length === 0) {
      throw new UsageError(
        `Cannot ${verb}: ${
          place === 0 ? "no bundle is" : "only one bundle is"
        } given; give two, as ` +
          `vscope bundle ${verb} BASE NEW`,
      );
    }
    const again = side.find((dir, at) => side.indexOf(dir) !== at);
    if (again !== undefined) {
      throw new UsageError(
        `Cannot ${verb}: "${again}" is given twice on one side; a repeat is a run of its own`,
      );
    }
  }
  const read = new Map<string, ComparedBundle>();
  for (const dir of sides.flat()) {
    signal.throwIfAborted();
    if (read.has(dir)) continue;
    output.progress(`Reading ${dir}`);
    read.set(dir, await readCompared(files, dir));
  }
  const [a, b] = sides.map((side) => side.map((dir) => read.get(dir)!));
  return [a!, b!];
}

/** Warns of what makes a comparison doubtful. */
export function warnOf({ output }: RunContext, all: readonly ComparedBundle[]): void {
  for (const { path, kind, status } of all) {
    if (status === undefined && kind !== "sweep") {
      output.warn(`${path} has not ended: these are its figures so far`);
    }
    if (status === "failed" || status === "partial") {
      output.warn(`${path} is ${status}: something of its run is missing`);
    }
  }
}

/** Writes a file that is whole whenever it is read. @throws {UsageError} where it cannot be written. */
export async function writeWhole(
  { files }: RunContext,
  path: string,
  content: string,
): Promise<void> {
  const unfinished = `${path}.${Deno.pid}.tmp`;
  try {
    await files.writeTextFile(unfinished, content);
    await files.rename(unfinished, path);
  } catch (error) {
    await files.remove(unfinished).catch(() => {});
    throw new UsageError(`Cannot write "${path}": ${messageOf(error)}`);
  }
}
