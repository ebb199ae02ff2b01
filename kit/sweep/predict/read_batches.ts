/**
 * Batches from a file: a JSON document, or one on each line.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { type Batch, parseBatch } from "./batch.ts";

const STANDARD_INPUT = "/dev/stdin";

/**
 * Reads batches: JSON lines, or one JSON document that is a batch or a list of them. `-` is standard
 * input. Needs read permission.
 *
 * @throws {UsageError} where there is no such file, no batch in it, or one that is none.
 */
export async function readBatches(
  files: Pick<FileSystem, "readTextFile">,
  path: string,
): Promise<readonly Batch[]> {
  const name = path === "-" ? "standard input" : path;
  let text: string;
  try {
    text = await files.readTextFile(path === "-" ? STANDARD_INPUT : path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(error);
    throw new UsageError(`Cannot predict ${name}: ${why}`);
  }
  const whole = parsed(text);
  if (whole !== undefined) {
    const list: unknown[] = Array.isArray(whole) ? whole : [whole];
    if (list.length === 0) throw nothing(name);
    return list.map((one, place) =>
      parseBatch(list.length === 1 ? name : `batch ${place + 1} of ${name}`, one)
    );
  }
  const batches: Batch[] = [];
  for (const [place, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const what = `line ${place + 1} of ${name}`;
    const document = parsed(line);
    if (document === undefined) throw new UsageError(`Cannot predict ${what}: it is no JSON`);
    batches.push(parseBatch(what, document));
  }
  if (batches.length === 0) throw nothing(name);
  return batches;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function nothing(name: string): UsageError {
  return new UsageError(`Cannot predict ${name}: it holds no batch; give one JSON object a line`);
}
