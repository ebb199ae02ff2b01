/**
 * NVTX ranges: durations by name, and the engine's steps among them.
 *
 * @module
 */

import { callRows } from "../activity/assemble.ts";
import { DurationTable } from "../activity/durations.ts";
import type { Names } from "../activity/names.ts";
import type { CallRow } from "../capture/model.ts";
import { type NsysExport, TABLES } from "./export.ts";
import type { Processes } from "./processes.ts";

/** Kinds of NVTX events, by nsys' numbers; the second of each pair comes from text files of NVTX. */
const PUSH_POP = [59, 70];
const START_END = [60, 71];
const DOMAIN = 75;

const STYLES = ["PushPop", "StartEnd"] as const;

/** What the ranges of a file told beside their durations. */
export interface RangeFacts {
  /** Ranges that had not ended when the recording did. */
  open: number;
  /** Ranges that end before they begin. */
  damaged: number;
  first: number;
}

/** The ranges of all files. */
export class Ranges {
  #tables = STYLES.map(() => new DurationTable());

  constructor(private readonly names: Names) {}

  /** Reads the ranges of a file; the steps go to their processes. */
  async read(from: NsysExport, processes: Processes): Promise<RangeFacts> {
    const { names } = this;
    const facts: RangeFacts = { open: 0, damaged: 0, first: Infinity };
    const cursor = from.cursor(TABLES.ranges, [
      "start",
      "end",
      "eventType",
      "text",
      "textId",
      "domainId",
      "globalTid",
    ], 3);
    if (!cursor) return facts;
    const { row } = cursor;
    const { values, starts, lengths } = row;
    /** By domain and style. */
    const found = new Map<number, DurationTable>();
    const domains = new Map<number, string>();
    while (cursor.step() || await from.turn(cursor)) {
      from.rows++;
      const kind = values[2]!;
      const style = PUSH_POP.includes(kind) ? 0 : START_END.includes(kind) ? 1 : -1;
      if (style < 0 && kind !== DOMAIN) continue;
      const text = starts[3]!;
      const id = values[4]!;
      const name = text >= 0
        ? names.find(row.bytes, text, text + lengths[3]!)
        : from.known(id) ?? (Number.isNaN(id) ? names.idOf("(no name)") : await from.name(id));
      const domain = values[5]! > 0 ? values[5]! : 0;
      if (style < 0) {
        domains.set(domain, names.text(name));
        continue;
      }
      const [start, end] = values as unknown as [number, number];
      if (Number.isNaN(end)) {
        facts.open++;
        continue;
      }
      const duration = end - start;
      if (!(duration >= 0)) {
        facts.damaged++;
        continue;
      }
      if (start < facts.first) facts.first = start;
      const key = domain * STYLES.length + style;
      let table = found.get(key);
      if (!table) found.set(key, table = new DurationTable());
      table.of(name).add(duration);
      processes.of(values[6]!).steps.take(name, names, start, duration);
    }
    for (const [key, table] of found) {
      const domain = domains.get(Math.floor(key / STYLES.length));
      const nameOf = (name: number) =>
        domain === undefined ? name : names.idOf(`${domain}:${names.text(name)}`);
      this.#tables[key % STYLES.length]!.merge(table, nameOf);
    }
    return facts;
  }

  /** Rows by total time, falling. */
  rows(): CallRow[] {
    return this.#tables.flatMap((table, place) =>
      callRows(this.names, table).map((row) => ({ ...row, style: STYLES[place]! }))
    ).sort((a, b) => b.total_ns - a.total_ns);
  }
}
