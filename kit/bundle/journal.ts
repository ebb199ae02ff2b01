/**
 * A journal: what happened, a line each, so that a run that was cut off knows what it had done.
 *
 * A line is appended with one write and is on the disk before the run goes on. Where the writer was
 * killed within a line, that line counts as not written.
 *
 * @module
 */

import type { FileSystem } from "../contract/context.ts";
import { writeAll } from "./files/write_all.ts";

/** A line. */
export interface JournalEntry {
  readonly event: string;
  /** When, as `2026-01-02T03:04:05.000Z`. */
  readonly at: string;
  readonly [key: string]: unknown;
}

/** What a journal says. */
export interface JournalText {
  entries: JournalEntry[];
  /** Lines that are no entry: half written, or by another hand. */
  unreadable: number;
}

/** Reads the text of a journal; whatever it is, whole entries are found and nothing is thrown. */
export function parseJournal(text: string): JournalText {
  const found: JournalText = { entries: [], unreadable: 0 };
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const entry = entryOf(line);
    if (entry) found.entries.push(entry);
    else found.unreadable++;
  }
  return found;
}

function entryOf(line: string): JournalEntry | undefined {
  try {
    const parsed = JSON.parse(line) as Partial<JournalEntry> | null;
    const { event, at } = parsed ?? {};
    return typeof event === "string" && typeof at === "string" ? parsed as JournalEntry : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a journal; an empty one where there is no file. Needs read permission. */
export async function readJournal(files: FileSystem, path: string): Promise<JournalText> {
  try {
    return parseJournal(await files.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { entries: [], unreadable: 0 };
    throw error;
  }
}

/** Appends an entry, and waits until it is on the disk. Needs read and write permission. */
export async function appendEntry(
  files: FileSystem,
  path: string,
  entry: JournalEntry,
): Promise<void> {
  using file = await files.open(path, { read: true, append: true, create: true });
  // A line that was cut off stays a line of its own.
  const torn = await endsWithin(file);
  const line = new TextEncoder().encode((torn ? "\n" : "") + JSON.stringify(entry) + "\n");
  await writeAll(file, line);
  await file.syncData();
}

async function endsWithin(file: Deno.FsFile): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  await file.seek(size - 1, Deno.SeekMode.Start);
  const last = new Uint8Array(1);
  await file.read(last);
  return last[0] !== 10;
}
