/**
 * Results to standard output; everything else to standard error, where progress is drawn over itself.
 *
 * @module
 */

import type { Output, ProgressFacts } from "../../contract/context.ts";

/** Without a terminal progress is written this seldom. */
const PROGRESS_EVERY_MS = 10_000;

/** A stream that words go to. */
export interface Screen {
  /** Characters of a line, where it is a terminal. */
  readonly columns?: () => number;
  /** Writes; false where the reader has left, which is its right. */
  write(text: string): boolean;
}

/** The output of this process. */
export function systemOutput(talk: { quiet: boolean; verbose: boolean; color: boolean }): Output {
  const encoder = new TextEncoder();
  const screen = (stream: typeof Deno.stdout | typeof Deno.stderr): Screen => ({
    ...(stream.isTerminal() ? { columns } : {}),
    write(text) {
      let data = encoder.encode(text);
      try {
        while (data.length > 0) data = data.subarray(stream.writeSync(data));
        return true;
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        return false;
      }
    },
  });
  return outputOn(talk, screen(Deno.stdout), screen(Deno.stderr), () => performance.now());
}

function columns(): number {
  try {
    return Math.max(20, Deno.consoleSize().columns);
  } catch {
    return 80;
  }
}

/** An output on two streams. */
export function outputOn(
  talk: { quiet: boolean; verbose: boolean; color: boolean },
  out: Screen,
  err: Screen,
  monotonicMs: () => number,
): Output {
  /** Lines of progress that stand on the terminal; the cursor is in the last. */
  let drawn = 0;
  let gone = false;
  let lastMs = -Infinity;
  let lastPart: string | undefined;
  const erase = () => {
    const up = drawn > 1 ? "\x1b[1A\x1b[K".repeat(drawn - 1) : "";
    const code = drawn === 0 ? "" : `\r\x1b[K${up}`;
    drawn = 0;
    return code;
  };
  const line = (text: string) => err.write(`${erase()}${text}\n`);
  const draw = (text: string, width: number) => {
    // A line that wraps could not be erased.
    const lines = text.split("\n").map((line) => line.slice(0, Math.max(1, width - 1)));
    const before = erase();
    drawn = lines.length;
    err.write(before + (before === "" ? "\r\x1b[K" : "") + lines.join("\n"));
  };
  const isDue = (part: string | undefined) => {
    const now = monotonicMs();
    if (part === lastPart && now - lastMs <= PROGRESS_EVERY_MS) return false;
    lastMs = now;
    lastPart = part;
    return true;
  };
  return {
    color: talk.color,
    ...(out.columns ? { columns: out.columns() } : {}),
    get gone() {
      return gone;
    },
    result(text) {
      if (drawn > 0) err.write(erase());
      if (!out.write(`${text}\n`)) gone = true;
    },
    note: (text) => void (talk.quiet || line(text)),
    warn: (text) => void line(`vscope: warning: ${text}`),
    error: (text) => void line(`vscope: ${text}`),
    detail: (text) => void (talk.verbose && line(text)),
    progress(text, facts) {
      if (talk.quiet) return;
      if (err.columns) draw(text, err.columns());
      else if (isDue(partOf(facts))) line(facts ? JSON.stringify(facts) : text);
    },
  };
}

function partOf(facts: ProgressFacts | undefined): string | undefined {
  return facts && `${facts.event} ${facts.part ?? ""}`;
}
