/**
 * The journal of a sweep: every forward pass that was timed, a line each.
 *
 * A line is the CRC-32 of its JSON text as eight hexadecimal digits, a space, and the text. The worker
 * within vLLM appends lines of shots itself, so that a killed process costs no more than the shots that
 * it had in flight. A torn last line is cut off before anybody appends.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { writeAll } from "../../bundle/files/write_all.ts";
import { crc32 } from "node:zlib";

/** Name of the journal within a sweep's folder. */
export const JOURNAL_NAME = "journal.log";

/** What a row belongs to: times of another kind of machine or software are other times. */
export interface SweepIdentity {
  readonly vllm_version: string;
  /** Model of the GPU; of the CPU where there is none. */
  readonly gpu: string;
  readonly model_config_sha256: string;
  /** Types of weights and KV cache, as vLLM was told. */
  readonly dtype: string;
  readonly quantization: string;
  readonly kv_cache_dtype: string;
  readonly timer: string;
}

/** A run of `vscope sweep` that contributed: the shots behind it are of its number. */
export interface SweepLine {
  readonly sweep: number;
  readonly started_at: string;
  readonly identity: SweepIdentity;
  /** What each layer was taken to be: a layer that is found otherwise has other times. */
  readonly layers: Readonly<Record<string, string>>;
  /** Categories whose rows of earlier runs do not count any more. */
  readonly forced: readonly string[];
  /** TP degrees at which that is so; all of them where it is absent. */
  readonly forced_tp?: readonly number[];
  /** What else is to be known of it. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

/** Categories of which a run let no earlier rows of a TP degree count. */
export function forcedAt(
  { forced, forced_tp }: Pick<SweepLine, "forced" | "forced_tp">,
  tp: number,
): readonly string[] {
  return forced_tp?.includes(tp) ?? true ? forced ?? [] : [];
}

/** The conditions under which a run measured a TP degree: known when it has. */
export interface ConditionsLine {
  readonly sweep: number;
  readonly tp: number;
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** A shot that was timed. */
export interface ShotLine {
  /** {@linkcode shotKey} of the shot. */
  readonly k: string;
  readonly tp: number;
  /** Number of the sweep. */
  readonly s: number;
  /** Time of each pass in µs, by layer. */
  readonly us: Readonly<Record<string, readonly number[]>>;
  /** Experts that the routers were made to choose among, and did. */
  readonly experts?: number;
  /** Seconds that the shot took, warm-up included. */
  readonly sec?: number;
}

/** What a journal says. */
export interface Journal {
  readonly sweeps: readonly SweepLine[];
  readonly shots: readonly ShotLine[];
  /** Lines that are not what was written. */
  readonly damaged: number;
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
}

/** A record as a line. */
export function journalLine(record: SweepLine | ConditionsLine | ShotLine): string {
  const text = JSON.stringify(record);
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

/** Takes a journal apart; whatever the bytes are, whole lines are found and nothing is thrown. */
export function parseJournal(bytes: Uint8Array): Journal {
  const wholeBytes = bytes.lastIndexOf(10) + 1;
  const text = new TextDecoder().decode(bytes.subarray(0, wholeBytes));
  const sweeps: SweepLine[] = [];
  const shots: ShotLine[] = [];
  let damaged = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const record = recordOf(line);
    if (record && "conditions" in record) addConditions(sweeps, record);
    else if (record && "sweep" in record) sweeps.push(record);
    else if (record) shots.push(record);
    else damaged++;
  }
  return { sweeps, shots, damaged, wholeBytes };
}

/** They belong to the run's provenance; a later engine of the same run tells anew. */
function addConditions(sweeps: SweepLine[], { sweep, tp, conditions }: ConditionsLine): void {
  const place = sweeps.findLastIndex((line) => line.sweep === sweep);
  const line = sweeps[place];
  if (!line) return;
  const known = line.provenance?.["conditions"] as Record<string, unknown> | undefined;
  const provenance = {
    ...line.provenance,
    conditions: { ...known, [`tp${tp}`]: conditions },
  };
  sweeps[place] = { ...line, provenance };
}

function recordOf(line: string): SweepLine | ConditionsLine | ShotLine | undefined {
  const text = line.slice(9);
  if (!/^[0-9a-f]{8} /.test(line) || parseInt(line.slice(0, 8), 16) !== crc32(text)) {
    return undefined;
  }
  try {
    const record = JSON.parse(text);
    const object = (value: unknown) => typeof value === "object" && value !== null;
    if (typeof record?.k === "string" && object(record.us) && Number.isInteger(record.tp)) {
      return record;
    }
    if (!Number.isInteger(record?.sweep)) return undefined;
    const told = Number.isInteger(record.tp) && object(record.conditions);
    return told || object(record.identity) && object(record.layers) ? record : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a journal; an empty one where there is no file. Needs read permission.
 *
 * @throws {UsageError} where it cannot be read.
 */
export async function readJournal(
  files: Pick<FileSystem, "readFile">,
  dir: string,
): Promise<Journal> {
  try {
    return parseJournal(await files.readFile(`${dir}/${JOURNAL_NAME}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return parseJournal(new Uint8Array());
    throw new UsageError(`Cannot read ${dir}/${JOURNAL_NAME}: ${messageOf(error)}`);
  }
}

/** Cuts off a last line that is not whole, which whoever appends would make worse. Needs write permission. */
export async function cutTornLine(
  files: Pick<FileSystem, "open">,
  dir: string,
  { wholeBytes }: Pick<Journal, "wholeBytes">,
): Promise<void> {
  using file = await files.open(`${dir}/${JOURNAL_NAME}`, { write: true, create: true });
  await file.truncate(wholeBytes);
}

/** Cuts a torn last line off, and appends a line. Needs read and write permission. */
export async function continueJournal(
  files: Pick<FileSystem, "open">,
  dir: string,
  { wholeBytes }: Pick<Journal, "wholeBytes">,
  line: SweepLine | ConditionsLine,
): Promise<void> {
  await cutTornLine(files, dir, { wholeBytes });
  using file = await files.open(`${dir}/${JOURNAL_NAME}`, { write: true });
  await file.seek(wholeBytes, Deno.SeekMode.Start);
  const bytes = new TextEncoder().encode(journalLine(line));
  await writeAll(file, bytes);
  await file.syncData();
}
