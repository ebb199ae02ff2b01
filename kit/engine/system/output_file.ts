/**
 * Puts what a process prints into a file.
 *
 * The process writes to a pipe, not to the file itself: a full disk would otherwise make its own
 * print() fail, which without vscope it would not.
 *
 * @module
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { Redactor } from "../redact.ts";

/** How often a pipe is looked at, at least, for what a process has left in it. */
const TURNS = 10;

/** A file that takes what comes, and counts what the disk refuses. */
export class OutputFile {
  readonly #descriptor: number;
  #open = true;
  /** Resolves when the last process that could write has closed its end. */
  #closed: Promise<void> = Promise.resolve();
  /** Bytes that could not be written. */
  lostBytes = 0;

  readonly #redactor: Redactor;

  /**
   * Opens the file for appending; it is made if it is missing.
   *
   * @param secrets Texts that are not to stand in it.
   */
  constructor(path: string, secrets: readonly string[] = []) {
    this.#descriptor = openSync(path, "a");
    this.#redactor = new Redactor(secrets);
  }

  /** Takes all that a stream brings, and hands it on in whole lines. */
  follow(stream: Readable, take?: (line: string) => void): void {
    const decoder = new TextDecoder();
    let rest = "";
    stream.on("data", (block: Uint8Array) => {
      this.#write(this.#redactor.take(block));
      if (!take) return;
      const lines = (rest + decoder.decode(block, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
    });
    this.#closed = new Promise((resolve) =>
      stream.once("close", () => {
        this.#write(this.#redactor.end());
        if (rest) take?.(rest);
        resolve();
      })
    );
    // A pipe that breaks has nothing more to bring.
    stream.on("error", () => {});
  }

  /**
   * Waits for the end of the stream, at most some `ms`: a descendant may keep it open. In turns, because on
   * a busy machine that time may pass without a single look at the pipe.
   */
  async drained(ms: number): Promise<void> {
    let closed = false;
    this.#closed.then(() => closed = true);
    for (let turn = 0; turn < TURNS && !closed; turn++) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms / TURNS));
      await Promise.race([this.#closed, late]);
      clearTimeout(timer);
    }
  }

  /** Closes the file; what comes later is lost. */
  close(): void {
    if (!this.#open) return;
    this.#write(this.#redactor.end());
    this.#open = false;
    closeSync(this.#descriptor);
  }

  #write(block: Uint8Array): void {
    let place = 0;
    if (!this.#open) return;
    try {
      while (place < block.length) place += writeSync(this.#descriptor, block, place);
    } catch {
      this.lostBytes += block.length - place;
    }
  }
}
