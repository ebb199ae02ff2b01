/**
 * What a stage says: into its log, and in part to the person.
 *
 * @module
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { Clock, Output, ProgressFacts } from "../../contract/context.ts";

/** Seconds between two lines of progress in a log. */
const PROGRESS_EVERY_MS = 5000;

/** The output of a stage; its notes are details to the person who waits for the run. */
export class StageOutput implements Output {
  readonly #log: number | undefined;
  readonly color: boolean;
  #lastProgress = -Infinity;

  /**
   * @param path The log; appended to. A disk that is full keeps no stage from its work.
   * @param heading What stands before the progress of the stage.
   * @param about What is added to the facts of its progress.
   */
  constructor(
    private readonly outer: Output,
    private readonly clock: Clock,
    path: string,
    private readonly heading: () => string,
    private readonly about: () => Readonly<Record<string, unknown>> = () => ({}),
  ) {
    this.color = outer.color;
    try {
      this.#log = openSync(path, "a");
    } catch {
      // What it says is lost, and no more than that.
    }
  }

  /** A stage has no result of its own: what it runs may print one. */
  result(text: string): void {
    this.#write("", text);
    this.outer.detail(text);
  }

  note(text: string): void {
    this.#write("", text);
    this.outer.detail(text);
  }

  warn(text: string): void {
    this.#write("warning: ", text);
    this.outer.warn(text);
  }

  /** The run says why a stage failed. */
  error(text: string): void {
    this.#write("error: ", text);
  }

  detail(text: string): void {
    this.#write("", text);
    this.outer.detail(text);
  }

  progress(text: string, facts?: ProgressFacts): void {
    const now = this.clock.monotonicMs();
    if (now - this.#lastProgress > PROGRESS_EVERY_MS) {
      this.#lastProgress = now;
      this.#write("", facts ? JSON.stringify(facts) : text);
    }
    const between = text.includes("\n") ? "\n" : ": ";
    this.outer.progress(
      `${this.heading()}${between}${text}`,
      facts && { ...facts, ...this.about() },
    );
  }

  /** Closes the log. */
  close(): void {
    if (this.#log !== undefined) closeSync(this.#log);
  }

  #write(mark: string, text: string): void {
    if (this.#log === undefined) return;
    const line = new TextEncoder().encode(`${this.clock.now().toISOString()} ${mark}${text}\n`);
    try {
      writeSync(this.#log, line);
    } catch {
      // The disk is full.
    }
  }
}
