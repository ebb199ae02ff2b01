/**
 * Reads a table as `xctrace export --xpath` writes it.
 *
 * A row holds one element for each column of the schema, in its order. A value stands in the
 * document once, with an `id`; where it comes again there is only a `ref` to it. `<sentinel/>`
 * stands where there is no value. A value may hold others, as a process holds its number.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { readXml } from "./xml_stream.ts";

/** A value of a row. */
export interface Cell {
  /** The value itself: times and durations in nanoseconds. */
  text: string;
  /** As Instruments shows it. */
  shown: string;
  /** Values within it, by the names of their elements. */
  parts?: Map<string, Cell>;
}

/** A row by column (the mnemonic of the schema, or the element's name where there is none). */
export type Row = ReadonlyMap<string, Cell>;

/** How a table was read. */
export interface TableEnd {
  rows: number;
  /** Values that stand elsewhere in the document, too far back to be remembered. */
  unresolved: number;
  /** Why the table is not whole. */
  problem?: string;
}

/** Values that are large and that no figure is made from. */
const SKIPPED = new Set(["tagged-backtrace", "backtrace", "text-backtrace", "kperf-bt"]);

/** Elements whose values are kept: of the others a row has only the place. */
const KEPT = new Set([
  "start-time",
  "sample-time",
  "event-time",
  "duration",
  "gpu-channel-name",
  "gpu-state",
  "gpu-performance-state",
  "thermal-state",
  "thread",
  "process",
  "pid",
  "weight",
]);

/** Values that are remembered for a `ref`: each row of millions brings times of its own. */
const REMEMBERED = 1_000_000;

/** Cells by id, the youngest of them: two halves, of which the older is dropped as a whole. */
class Memory {
  #young = new Map<string, Cell>();
  #old = new Map<string, Cell>();

  constructor(private readonly most: number) {}

  get(id: string): Cell | undefined {
    const found = this.#young.get(id) ?? this.#old.get(id);
    // What is asked for again and again, as a process, stays.
    if (found && !this.#young.has(id)) this.set(id, found);
    return found;
  }

  set(id: string, cell: Cell): void {
    if (this.#young.size >= this.most / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, cell);
  }
}

interface Open {
  tag: string;
  id: string | undefined;
  cell: Cell;
  /** A value that stands elsewhere in the document. */
  known: Cell | undefined;
}

/** Hands on the rows of a file one after the other. Needs read permission. */
export async function readExport(
  files: FileSystem,
  path: string,
  take: (row: Row) => void,
  remembered = REMEMBERED,
): Promise<TableEnd> {
  const columns: string[] = [];
  const known = new Memory(remembered);
  const open: Open[] = [];
  let cells: Cell[] | undefined;
  let tags: string[] = [];
  let mnemonic: string | undefined;
  let skipping = 0;
  let rows = 0;
  let unresolved = 0;
  const end = await readXml(files, path, {
    open(tag, { id, ref, fmt }) {
      if (skipping > 0 || (cells && SKIPPED.has(tag))) {
        skipping++;
        return;
      }
      if (tag === "schema") columns.length = 0;
      if (tag === "mnemonic") mnemonic = "";
      if (tag === "row") {
        cells = [];
        tags = [];
        return;
      }
      if (!cells) return;
      open.push({
        tag,
        id,
        cell: { text: "", shown: fmt ?? "" },
        known: ref === undefined ? undefined : known.get(ref),
      });
      if (ref !== undefined && KEPT.has(tag) && open.at(-1)!.known === undefined) unresolved++;
    },
    text(piece) {
      if (skipping > 0) return;
      if (mnemonic !== undefined) mnemonic += piece;
      const last = open.at(-1);
      if (last) last.cell.text += piece;
    },
    close(tag) {
      if (skipping > 0) {
        skipping--;
        // Its place in the row is kept.
        if (skipping === 0 && cells && open.length === 0) {
          cells.push({ text: "", shown: "" });
          tags.push(tag);
        }
        return;
      }
      if (tag === "mnemonic" && mnemonic !== undefined) {
        columns.push(mnemonic.trim());
        mnemonic = undefined;
      }
      if (tag === "row" && cells) {
        take(rowOf(columns, tags, cells));
        cells = undefined;
        rows++;
        return;
      }
      const closed = open.pop();
      if (!closed) return;
      const cell = closed.known ?? closed.cell;
      if (!closed.known) {
        cell.text = cell.text.trim();
        if (cell.shown === "") cell.shown = cell.text;
        if (closed.id !== undefined && KEPT.has(closed.tag)) known.set(closed.id, cell);
      }
      const parent = open.at(-1);
      if (parent) (parent.cell.parts ??= new Map()).set(closed.tag, cell);
      else if (cells) {
        cells.push(cell);
        tags.push(closed.tag);
      }
    },
  });
  return {
    rows,
    unresolved,
    ...(end.problem === undefined ? {} : { problem: end.problem }),
  };
}

function rowOf(columns: readonly string[], tags: readonly string[], cells: readonly Cell[]): Row {
  const row = new Map<string, Cell>();
  for (const [place, cell] of cells.entries()) {
    if (tags[place] !== "sentinel") row.set(columns[place] ?? tags[place]!, cell);
  }
  return row;
}

/** The number that a cell holds; undefined where it holds none. */
export function numberIn(cell: Cell | undefined): number | undefined {
  if (!cell || !/^-?\d+(\.\d+)?$/.test(cell.text)) return undefined;
  return Number(cell.text);
}

/** A process as a cell names it: `python (99926)`. */
export function processIn(cell: Cell | undefined): string | undefined {
  if (!cell) return undefined;
  const pid = cell.parts?.get("pid")?.text;
  if (cell.shown !== "") return cell.shown;
  return pid === undefined ? undefined : `(${pid})`;
}
