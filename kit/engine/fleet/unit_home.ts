/**
 * What has come home of a unit: of each of its jobs what the engine was, the journal, and how it ended.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { journalOf } from "../../fleet/journals.ts";
import { documentOf, type Piece, pieceLine, readPieces, received } from "../../fleet/pieces.ts";
import { END_NAME, type UnitEnd } from "../../fleet/unit_job.ts";
import { type Journal, readJournal } from "../../sweep/measure/journal.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import type { EngineFacts } from "../sweep/driver.ts";
import { keptEngine } from "../sweep/sweep_state.ts";

/** What one job left. */
export interface JobResult {
  readonly journal: Journal;
  readonly engine?: EngineFacts;
  readonly end?: UnitEnd;
}

/** Where a unit's results come from and are kept. */
export interface UnitHome {
  /** Takes in what is new of a job, and returns all that there is of it. */
  gather(attempt: number, log: () => Promise<string | undefined>): Promise<JobResult>;
  /** Jobs of which something was kept by an earlier vscope. */
  kept(): Promise<number[]>;
  /** Removes what was kept, once it is in the sweep's own journal. */
  discard(): Promise<void>;
}

/** Results that come through the jobs' logs: pieces are kept as they come, a file a job. */
export class LogHome implements UnitHome {
  readonly #pieces = new Map<number, Map<number, Piece>>();

  /** @param dir Folder of this unit alone; it need not be there. */
  constructor(
    private readonly files: FileSystem,
    private readonly dir: string,
    private readonly tp: number,
  ) {}

  async gather(attempt: number, log: () => Promise<string | undefined>): Promise<JobResult> {
    const known = await this.#known(attempt);
    const fresh = [...readPieces(await log() ?? "").values()].filter(({ number }) =>
      !known.has(number)
    );
    if (fresh.length > 0) {
      await this.files.mkdir(this.dir, { recursive: true });
      using file = await this.files.open(this.#path(attempt), { append: true, create: true });
      // A line that was cut off stays a line of its own.
      const text = "\n" + fresh.map((piece) => `${pieceLine(piece)}\n`).join("");
      const bytes = new TextEncoder().encode(text);
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await file.write(rest));
      await file.syncData();
      for (const piece of fresh) known.set(piece.number, piece);
    }
    const { journal, engine, end } = received(known);
    const facts = keptEngine({ engine: { [`tp${this.tp}`]: engine } }, this.tp);
    return {
      journal: journalOf(journal),
      ...(facts ? { engine: facts } : {}),
      ...(isEnd(end) ? { end } : {}),
    };
  }

  async kept(): Promise<number[]> {
    return await numbersIn(this.files, this.dir, /^([1-9]\d{0,5})\.pieces$/);
  }

  async discard(): Promise<void> {
    await this.files.remove(this.dir, { recursive: true }).catch(() => {});
    this.#pieces.clear();
  }

  #path(attempt: number): string {
    return `${this.dir}/${attempt}.pieces`;
  }

  async #known(attempt: number): Promise<Map<number, Piece>> {
    let known = this.#pieces.get(attempt);
    if (!known) {
      known = readPieces(await this.files.readTextFile(this.#path(attempt)).catch(() => ""));
      this.#pieces.set(attempt, known);
    }
    return known;
  }
}

/** Results in a folder that the cluster shares with this machine: they are read where they lie. */
export class FolderHome implements UnitHome {
  /** @param dir Folder of this unit alone; each job has one in it. */
  constructor(
    private readonly files: FileSystem,
    private readonly dir: string,
    private readonly tp: number,
  ) {}

  async gather(attempt: number): Promise<JobResult> {
    const dir = `${this.dir}/${attempt}`;
    const journal = await readJournal(this.files, dir);
    // Another machine writes it: what cannot be read now is read the next time.
    const manifest = await readManifest(this.files, dir).catch(() => undefined);
    const engine = keptEngine(manifest, this.tp);
    const text = await this.files.readTextFile(`${dir}/${END_NAME}`).catch(() => "");
    const end = documentOf(text);
    return { journal, ...(engine ? { engine } : {}), ...(isEnd(end) ? { end } : {}) };
  }

  async kept(): Promise<number[]> {
    return await numbersIn(this.files, this.dir, /^([1-9]\d{0,5})$/);
  }

  async discard(): Promise<void> {
    await this.files.remove(this.dir, { recursive: true }).catch(() => {});
  }
}

async function numbersIn(files: FileSystem, dir: string, name: RegExp): Promise<number[]> {
  const found: number[] = [];
  try {
    for await (const entry of files.readDir(dir)) {
      const number = name.exec(entry.name)?.[1];
      if (number !== undefined) found.push(Number(number));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((one, other) => one - other);
}

function isEnd(value: unknown): value is UnitEnd {
  const end = value as Partial<UnitEnd> | null | undefined;
  return typeof end?.status === "string" && Array.isArray(end.failed) && Array.isArray(end.notes) &&
    Array.isArray(end.devices) && typeof end.versions === "object";
}
