/**
 * Sends a job's journal home in pieces while it is written.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { readManifest } from "../../bundle/manifest_file.ts";
import { type PieceKind, piecesOf } from "../../fleet/pieces.ts";
import type { UnitEnd } from "../../fleet/unit_job.ts";
import { JOURNAL_NAME } from "../../sweep/measure/journal.ts";
import { keptEngine } from "../sweep/sweep_state.ts";
import type { PieceSink } from "./piece_sink.ts";

const TICK_MS = 1000;

/** Writes pieces. */
export class PieceWriter {
  readonly #stopped = new AbortController();
  #number = 0;
  #toldEngine = false;

  /**
   * @param out The sweep's folder, which need not be there yet.
   * @param from Bytes of the journal that are home already.
   */
  constructor(
    private readonly context: RunContext,
    private readonly out: string,
    private readonly tp: number,
    private from: number,
    private readonly sink: PieceSink,
  ) {}

  /** Sends what is new, again and again, until it is stopped, and then once more. */
  async follow(): Promise<void> {
    for (;;) {
      const last = this.#stopped.signal.aborted;
      // A journal that cannot be read now is read the next time; what is missing at home is measured again.
      await this.#sendNews().catch(() => {});
      if (last) return;
      await this.sink.flush(false);
      await this.context.clock.sleep(TICK_MS, this.#stopped.signal);
    }
  }

  /** Ends {@linkcode follow}. */
  stop(): void {
    this.#stopped.abort();
  }

  /** Says how the job ended: the last piece. */
  async end(end: UnitEnd): Promise<void> {
    await this.#sendNews().catch(() => {});
    this.#send("end", JSON.stringify(end));
    await this.sink.flush(true);
  }

  async #sendNews(): Promise<void> {
    const { files } = this.context;
    if (!this.#toldEngine) {
      const facts = keptEngine(await readManifest(files, this.out), this.tp);
      if (facts) {
        this.#send("engine", JSON.stringify(facts));
        this.#toldEngine = true;
      }
    }
    const text = await this.#newLines();
    if (text !== "") this.#send("journal", text);
  }

  async #newLines(): Promise<string> {
    let bytes: Uint8Array;
    try {
      using file = await this.context.files.open(`${this.out}/${JOURNAL_NAME}`);
      await file.seek(this.from, Deno.SeekMode.Start);
      bytes = new Uint8Array(await new Response(file.readable).arrayBuffer());
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
    const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
    this.from += whole.length;
    return new TextDecoder().decode(whole);
  }

  #send(kind: PieceKind, text: string): void {
    const pieces = piecesOf(kind, text, this.#number);
    this.#number += pieces.length;
    this.sink.take(pieces);
  }
}
