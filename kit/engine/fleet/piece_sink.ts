/**
 * Where a job puts its pieces: one kind a class.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import { type Piece, pieceLine } from "../../fleet/pieces.ts";
import { type S3Client, StorageRefused } from "./storage/s3_client.ts";
import { segmentName } from "./storage/segments.ts";

/** A place for pieces. */
export interface PieceSink {
  /** Takes pieces; they may not be there yet when it returns. */
  take(pieces: readonly Piece[]): void;
  /**
   * Brings there what was taken, where it is time.
   *
   * @param last Whether nothing comes after it, and all must go now.
   */
  flush(last: boolean): Promise<void>;
}

/** The job's log. */
export class LogSink implements PieceSink {
  constructor(private readonly output: Pick<RunContext["output"], "result">) {}

  take(pieces: readonly Piece[]): void {
    for (const piece of pieces) this.output.result(pieceLine(piece));
  }

  async flush(): Promise<void> {}
}

/** Objects are written so seldom, so that a long job does not leave thousands. */
const WRITE_MS = 10_000;
/** How often the last one is tried, where the storage may answer in a moment; the wait doubles. */
const LAST_TRIES = 5;
const LAST_WAIT_MS = 2000;

/** Objects in a storage; where that does not take them the log does. */
export class S3Sink implements PieceSink {
  #waiting: Piece[] = [];
  /** What is being written stays as it is: an object whose writing seemed to fail may be there. */
  #segment: Piece[] = [];
  #writeAt = -Infinity;

  /** @param folder Key of the job's folder, with a slash at its end. */
  constructor(
    private readonly context: Pick<RunContext, "clock" | "output" | "signal">,
    private readonly client: Pick<S3Client, "put">,
    private readonly folder: string,
  ) {}

  take(pieces: readonly Piece[]): void {
    this.#waiting.push(...pieces);
  }

  async flush(last: boolean): Promise<void> {
    const { clock } = this.context;
    if (last) return await this.#flushLast();
    if (clock.monotonicMs() < this.#writeAt) return;
    // What fails is tried again later, and at the end for the last time.
    if (await this.#write() !== "nothing") this.#writeAt = clock.monotonicMs() + WRITE_MS;
  }

  async #flushLast(): Promise<void> {
    const { clock, signal, output } = this.context;
    for (let [tries, wait] = [1, LAST_WAIT_MS];; tries++, wait *= 2) {
      const came = await this.#write();
      if (came === "nothing") return;
      if (came === "written") {
        tries = 0;
        continue;
      }
      if (!came.mayChange || tries >= LAST_TRIES || signal.aborted) {
        output.error(`${messageOf(came)}; results go through this log instead`);
        for (const piece of [...this.#segment, ...this.#waiting]) output.result(pieceLine(piece));
        [this.#segment, this.#waiting] = [[], []];
        return;
      }
      await clock.sleep(wait, signal);
    }
  }

  async #write(): Promise<"nothing" | "written" | StorageRefused> {
    if (this.#segment.length === 0) [this.#segment, this.#waiting] = [this.#waiting, []];
    const [first] = this.#segment;
    if (!first) return "nothing";
    const name = segmentName(first.number, this.#segment.at(-1)!.number);
    try {
      const lines = this.#segment.map((piece) => `${pieceLine(piece)}\n`);
      await this.client.put(`${this.folder}${name}`, lines.join(""));
    } catch (error) {
      if (!(error instanceof StorageRefused)) throw error;
      return error;
    }
    this.#segment = [];
    return "written";
  }
}
