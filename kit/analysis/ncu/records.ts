/**
 * The records of Nsight Compute's CSV, among what the program and the profiler print around them.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { loadCsv } from "../../deps.ts";
import { lineBatches, type TextEnd } from "../capture/lines.ts";
import { quotedCells } from "./quoted_cells.ts";

/** A line of a file that is no record. */
export interface Remark {
  /** `ERROR` and `WARNING` are the profiler's, `other` is anybody's. */
  readonly kind: "ERROR" | "WARNING" | "other";
  readonly text: string;
}

/** A table's head, a record of it, or something else. */
export type Item =
  | { readonly header: readonly string[] }
  | { readonly record: readonly string[] }
  | { readonly remark: Remark }
  | { readonly cut: string };

/** The head of the page `raw` names thousands of metrics in one line. */
const MOST_LETTERS = 1 << 22;

/** No field of a table spans more lines: an unclosed quote would take the rest of the file. */
const MOST_LINES = 200;

/** Whether a line is the head of a table of kernels. */
export function isHeader(line: string): boolean {
  return /^\uFEFF?"?(?:ID|Process ID)"?[,;]/.test(line) && /[,;]"?Kernel Name"?[,;]/.test(line);
}

/** Takes a file apart; a record may span lines. */
export async function* itemsOf(
  files: FileSystem,
  path: string,
  end: TextEnd,
): AsyncGenerator<Item> {
  const papa = await loadCsv();
  let delimiter: string | undefined;
  let quoted = false;
  let open: string[] = [];
  let quotes = 0;
  let held: { record: readonly string[]; text: string } | undefined;
  const cellsOf = (text: string) =>
    papa.parse(text, { delimiter: delimiter!, skipEmptyLines: true }).data[0] ?? [];
  for await (const lines of lineBatches(files, path, end, MOST_LETTERS)) {
    for (const line of lines) {
      if (held && line.trim() !== "") {
        yield { record: held.record };
        held = undefined;
      }
      if (open.length === 0) {
        if (isHeader(line)) {
          quoted = /^\uFEFF?"/.test(line);
          delimiter = /^\uFEFF?"?(?:Process )?ID"?;/.test(line) ? ";" : ",";
          yield { header: cellsOf(line.replace(/^\uFEFF/, "")).map((cell) => cell.trim()) };
          continue;
        }
        if (line.trim() === "") continue;
        if (delimiter === undefined || line.startsWith("==") || quoted && isTalk(line)) {
          yield { remark: remarkOf(line) };
          continue;
        }
      } else if (isHeader(line) || /^==(?:PROF|ERROR|WARNING)==/.test(line)) {
        yield { cut: "a record ends within a value" };
        open = [];
        quotes = 0;
        if (line.startsWith("==")) yield { remark: remarkOf(line) };
        continue;
      }
      open.push(line);
      quotes += line.split('"').length - 1;
      if (quotes % 2 === 0) {
        const text = open.join("\n");
        const cells = delimiter === "," ? quotedCells(text, quotes) : undefined;
        held = { record: cells ?? cellsOf(text), text };
        open = [];
        quotes = 0;
      } else if (open.length > MOST_LINES) {
        yield { cut: "a value has no end" };
        open = [];
        quotes = 0;
      }
    }
  }
  // A number without a quote and a line end behind it may be half of one.
  const half = held && end.unterminated && !held.text.endsWith('"');
  if (held && !half) yield { record: held.record };
  if (half || open.length > 0) yield { cut: "the file ends within a record" };
}

/** What the program prints among records in quotes. */
function isTalk(line: string): boolean {
  return !line.startsWith('"') && !line.includes('","');
}

function remarkOf(line: string): Remark {
  const [, kind, text] = /^==(ERROR|WARNING)== *(.*)$/.exec(line) ?? [];
  return kind === undefined
    ? { kind: "other", text: line }
    : { kind: kind as "ERROR" | "WARNING", text: text! };
}
