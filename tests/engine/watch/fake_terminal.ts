/** A terminal in memory: what stands on it, and keys that a test presses. */

import type { Terminal } from "../../../kit/contract/context.ts";

/** The terminal. */
export class FakeTerminal implements Terminal {
  columns = 120;
  rows = 24;
  opened = 0;
  closed = 0;
  #lines: string[] = [];
  #listeners: { key(text: string): void; resized(): void } | undefined;

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }

  /** Understands what the view writes: clear, a place, an erased line, text. */
  write(text: string): void {
    // deno-lint-ignore no-control-regex -- escape sequences begin with a control character
    for (const [, row, rest] of text.matchAll(/\x1b\[(?:2J|(\d+);1H\x1b\[2K([^\x1b]*))/g)) {
      if (row === undefined) this.#lines = [];
      else this.#lines[Number(row) - 1] = rest!;
    }
  }

  open(listeners: { key(text: string): void; resized(): void }): { close(): void } {
    this.opened++;
    this.#listeners = listeners;
    return { close: () => void this.closed++ };
  }

  press(keys: string): void {
    this.#listeners!.key(keys);
  }

  resize(columns: number, rows: number): void {
    [this.columns, this.rows] = [columns, rows];
    this.#listeners!.resized();
  }

  /** What stands there now. */
  get text(): string {
    return this.#lines.join("\n");
  }
}
