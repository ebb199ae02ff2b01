/**
 * The lines of a log, however long the log and its lines are.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { contentOf } from "../capture/bytes.ts";

/** What of a longer line is read: prompts may be logged whole. */
const MOST_LETTERS = 1 << 16;

/** Progress bars end their lines with a carriage return alone. */
const LINE_END = /\r\n|\n|\r/;

/** Yields the lines of a file in batches; what is no UTF-8 stands there as U+FFFD. */
export async function* lineBatches(
  files: FileSystem,
  path: string,
  end: { cut: string },
): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  let ended = false;
  for await (const block of contentOf(files, path, end)) {
    // A carriage return at the end may be half of a line end.
    const text = rest + decoder.decode(block, { stream: true });
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = whole.split(LINE_END);
    rest = lines.pop()! + text.slice(whole.length);
    if (rest.length > 2 * MOST_LETTERS) rest = rest.slice(0, MOST_LETTERS);
    ended = rest === "";
    yield lines.map(shortened);
  }
  rest += decoder.decode();
  if (rest.endsWith("\r")) rest = rest.slice(0, -1);
  if (!ended && rest !== "") yield [shortened(rest)];
}

function shortened(line: string): string {
  return line.length > MOST_LETTERS ? line.slice(0, MOST_LETTERS) : line;
}
