/**
 * Results of a unit that come in pieces, wherever from: they are kept as they come, a file a job.
 *
 * @module
 */

import type { FileSystem } from "../../contract/context.ts";
import { journalOf } from "../../fleet/journals.ts";
import { type Piece, pieceLine, readPieces, received } from "../../fleet/pieces.ts";
import { isEnd } from "../../fleet/unit_job.ts";
import { keptEngine } from "../sweep/sweep_state.ts";
import { type JobResult, numbersIn, type UnitHome } from "./unit_home.ts";
import { writeAll } from "../../bundle/files/write_all.ts";

/** Where pieces come from. */
export interface PieceSource {
  /**
   * A text with the pieces of a job that are not known yet; others may be in it too.
   *
   * @param log What the job has printed.
   */
  read(
    attempt: number,
    known: ReadonlyMap<number, Piece>,
    log: () => Promise<string | undefined>,
  ): Promise<string>;
  /** Removes the pieces of all jobs of the unit. */
  discard(): Promise<void>;
}

/** The results. */
export class PieceHome implements UnitHome {
  readonly #pieces = new Map<number, Map<number, Piece>>();

  /** @param dir Folder of this unit alone; it need not be there. */
  constructor(
    private readonly files: FileSystem,
    private readonly dir: string,
    private readonly tp: number,
    private readonly source: PieceSource,
  ) {}

  async gather(attempt: number, log: () => Promise<string | undefined>): Promise<JobResult> {
    const known = await this.#known(attempt);
    const fresh = [...readPieces(await this.source.read(attempt, known, log)).values()]
      .filter(({ number }) => !known.has(number));
    if (fresh.length > 0) {
      await this.files.mkdir(this.dir, { recursive: true });
      using file = await this.files.open(this.#path(attempt), { append: true, create: true });
      // A line that was cut off stays a line of its own.
      const text = "\n" + fresh.map((piece) => `${pieceLine(piece)}\n`).join("");
      const bytes = new TextEncoder().encode(text);
      await writeAll(file, bytes);
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
    await this.source.discard().catch(() => {});
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
