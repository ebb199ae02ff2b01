/**
 * The lines of a text, however long the text and its lines are.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { contentOf } from "./bytes.ts";

/** What of a longer line is read, unless asked for more: prompts may be logged whole. */
const MOST_LETTERS = 1 << 16;

/** How a file ends. */
export interface TextEnd {
  /** Why the rest is missing; "" where nothing is. */
  cut: string;
  /** The last line has no line end. */
  unterminated?: boolean;
}

/** Progress bars end their lines with a carriage return alone. */
const LINE_END = /\r\n|\n|\r/;

/** Yields the lines of a file in batches; what is no UTF-8 stands there as U+FFFD. */
export async function* lineBatches(
  files: FileSystem,
  path: string,
  end: TextEnd,
  mostLetters = MOST_LETTERS,
): AsyncGenerator<string[]> {
  const shortened = (line: string) => line.length > mostLetters ? line.slice(0, mostLetters) : line;
  const decoder = new TextDecoder();
  let rest = "";
  let ended = false;
  for await (const block of contentOf(files, path, end)) {
    // A carriage return at the end may be half of a line end.
    const text = rest + decoder.decode(block, { stream: true });
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = whole.split(LINE_END);
    rest = lines.pop()! + text.slice(whole.length);
    if (rest.length > 2 * mostLetters) rest = rest.slice(0, mostLetters);
    ended = rest === "";
    yield lines.map(shortened);
  }
  rest += decoder.decode();
  if (rest.endsWith("\r")) rest = rest.slice(0, -1);
  if (ended || rest === "") return;
  end.unterminated = true;
  yield [shortened(rest)];
}
