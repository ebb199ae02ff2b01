/**
 * The real outside world: clock, files, processes, terminal, signals.
 *
 * @module
 */

import type { Clock, Output, RunContext } from "../contract/context.ts";
import { SystemProcessHost } from "./process_host.ts";
import { isTerminal, systemTerminal } from "./terminal.ts";

/** What the command line says about talking. */
export interface Talk {
  quiet: boolean;
  verbose: boolean;
  color: boolean;
}

/** Reads `--quiet`, `--verbose` and `--no-color` ahead of everything else. */
export function talkOf(argv: readonly string[], env: Readonly<Record<string, string>>): Talk {
  const options = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  return {
    quiet: options.includes("--quiet"),
    verbose: options.includes("--verbose"),
    color: !options.includes("--no-color") && !env["NO_COLOR"],
  };
}

const clock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer = setTimeout(finish, ms);
      signal?.addEventListener("abort", finish, { once: true });
      function finish() {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      }
    }),
};

/** A {@linkcode RunContext} of this process, and the processes that it starts. */
export function systemContext(talk: Talk): { context: RunContext; close(): Promise<void> } {
  const processes = new SystemProcessHost();
  const interruption = new AbortController();
  const listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const listener = () => {
      if (interruption.signal.aborted) {
        processes.emergencyKill();
        Deno.exit(signal === "SIGINT" ? 130 : 143);
      }
      interruption.abort(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const context: RunContext = {
    clock,
    env: Deno.env.toObject(),
    cwd: Deno.cwd(),
    files: Deno,
    processes,
    output: terminalOutput(talk),
    ...(isTerminal() ? { terminal: systemTerminal() } : {}),
    signal: interruption.signal,
  };
  return {
    context,
    async close() {
      await processes.close();
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}

/** Columns of the terminal; a line that is wider could not be replaced. */
function widthOf(): number {
  try {
    return Math.max(20, Deno.consoleSize().columns);
  } catch {
    return 80;
  }
}

/** Without a terminal a progress line is printed this seldom. */
const PROGRESS_EVERY_MS = 10_000;

function terminalOutput(talk: Talk): Output {
  const encoder = new TextEncoder();
  const replaced = Deno.stderr.isTerminal();
  let progressShown = false;
  let lastProgress = -Infinity;
  let gone = false;
  const write = (stream: typeof Deno.stdout, text: string) => {
    let data = encoder.encode(text);
    try {
      while (data.length > 0) data = data.subarray(stream.writeSync(data));
    } catch (error) {
      // The reader of a pipe has left, which is its right.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      if (stream === Deno.stdout) gone = true;
    }
  };
  const line = (text: string) => {
    write(Deno.stderr, (progressShown ? "\r\x1b[K" : "") + text + "\n");
    progressShown = false;
  };
  return {
    color: talk.color,
    ...(Deno.stdout.isTerminal() ? { columns: widthOf() } : {}),
    get gone() {
      return gone;
    },
    result: (text) => write(Deno.stdout, text + "\n"),
    note: (text) => talk.quiet || line(text),
    warn: (text) => line(`vscope: warning: ${text}`),
    error: (text) => line(`vscope: ${text}`),
    detail: (text) => talk.verbose && line(text),
    progress(text) {
      if (talk.quiet) return;
      if (replaced) {
        write(Deno.stderr, `\r\x1b[K${text.slice(0, widthOf() - 1)}`);
        progressShown = true;
      } else if (performance.now() - lastProgress > PROGRESS_EVERY_MS) {
        lastProgress = performance.now();
        line(text);
      }
    },
  };
}
