/**
 * What a recipe may touch, handed in so that tests need no mocks of globals.
 *
 * The real one is made by `systemContext()` of `kit/engine/system/context.ts`.
 *
 * @module
 */

/** Time, for waiting and for measuring. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once (never rejects) when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The part of Deno's file system that recipes use. `Deno` itself is one. */
export type FileSystem = Pick<
  typeof Deno,
  | "makeTempDir"
  | "mkdir"
  | "open"
  | "readDir"
  | "readFile"
  | "readTextFile"
  | "realPath"
  | "remove"
  | "rename"
  | "stat"
  | "writeFile"
  | "writeTextFile"
>;

/** A process to start: an argv array, never a shell string. */
export interface ProcessSpec {
  /** Program and arguments. */
  argv: readonly string[];
  /** Variables added to (or, with `undefined`, taken from) the inherited environment. */
  env?: Readonly<Record<string, string | undefined>>;
  /** False: the process gets `env` and nothing of ours. */
  inherit?: boolean;
  /** Folder that it runs in; ours where not given. */
  cwd?: string;
  /** File that receives standard output; made if missing, appended to. */
  stdoutPath: string;
  /** File that receives standard error; may be the same path as `stdoutPath`. */
  stderrPath: string;
  /** Called with each line of standard output, beside the file. */
  stdoutLine?: (line: string) => void;
  /** Called with each line of standard error, beside the file. */
  stderrLine?: (line: string) => void;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Exit code; 128 and the signal where one ended it. */
  code: number;
  /** The signal that ended it, or null. */
  signal: string | null;
  /** Bytes of its output that could not be written to their file. */
  lostOutputBytes?: number;
}

/** A process that runs in a group of its own. */
export interface RunningProcess {
  /** Its process id, and that of its group. */
  readonly pid: number;
  /** Resolves when the process itself has ended (descendants may remain: call `end`). */
  readonly ended: Promise<ProcessEnd>;
  /** Sends a signal to the whole group. */
  signal(name: Deno.Signal): void;
  /**
   * Ends the process and every descendant, also those that left the group: TERM, `graceMs`
   * milliseconds, then KILL. Resolves when none is left.
   */
  end(graceMs?: number): Promise<ProcessEnd>;
}

/**
 * Starts processes that are sure to end with us, whatever way we die.
 *
 * @example A program, with its output in files
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type ProcessEnd,
 *   type ProcessHost,
 *   type ProcessSpec,
 *   type RunningProcess,
 *   systemContext,
 * } from "@vscope/vscope";
 *
 * const dir = await Deno.makeTempDir();
 * const talk = { quiet: true, verbose: false, color: false };
 * const { context, close } = systemContext(talk, import.meta.resolve("@vscope/vscope/cli"));
 * const host: ProcessHost = context.processes;
 * const spec: ProcessSpec = {
 *   argv: ["python3", "-c", "print(6 * 7)"],
 *   stdoutPath: `${dir}/stdout.log`,
 *   stderrPath: `${dir}/stderr.log`,
 * };
 * const running: RunningProcess = await host.start(spec);
 * const { code }: ProcessEnd = await running.ended;
 * await running.end(); // and what it may have started
 * assert.deepEqual([code, await Deno.readTextFile(spec.stdoutPath)], [0, "42\n"]);
 *
 * const { stdout } = await host.capture(["python3", "-c", "print(6 * 7)"]);
 * assert.equal(stdout, "42\n");
 * await close();
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export interface ProcessHost {
  /** Starts a process in a group of its own. */
  start(spec: ProcessSpec): Promise<RunningProcess>;
  /** Runs a short command to its end and returns what it printed. */
  capture(
    argv: readonly string[],
    options?: {
      env?: Readonly<Record<string, string | undefined>>;
      inherit?: boolean;
      timeoutMs?: number;
      cwd?: string;
    },
  ): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** Progress for programs: the members of a line of JSON. */
export interface ProgressFacts {
  /** What is told, as `sweep_progress`. */
  readonly event: string;
  /** The part that is worked on: a line about another part than the last one is never held back. */
  readonly part?: string;
  /** Whatever else is told. */
  readonly [name: string]: unknown;
}

/**
 * Where words go: results to stdout, everything else to stderr.
 *
 * @example An output that keeps what it is told
 * ```ts
 * import assert from "node:assert/strict";
 * import type { Output, ProgressFacts } from "@vscope/vscope";
 *
 * const told: (string | ProgressFacts)[] = [];
 * const output: Output = {
 *   color: false,
 *   result: (text) => void told.push(text),
 *   note() {},
 *   warn() {},
 *   error() {},
 *   detail() {},
 *   progress: (text, facts) => void told.push(facts ?? text),
 * };
 * output.progress("copied 1 of 2", { event: "copy_progress", copied: 1 });
 * output.result("copied");
 * assert.deepEqual(told, [{ event: "copy_progress", copied: 1 }, "copied"]);
 * ```
 */
export interface Output {
  /** The command's result, on stdout. With `--json` only the one JSON document goes here. */
  result(text: string): void;
  /** A message for the person, on stderr; silent with `--quiet`. */
  note(text: string): void;
  /** Something that deserves attention, on stderr, also with `--quiet`. */
  warn(text: string): void;
  /** Why a command ends badly, on stderr, whatever the options say. */
  error(text: string): void;
  /** Detail, on stderr, only with `--verbose`. */
  detail(text: string): void;
  /**
   * Lines that replace those of the last call; on a terminal only. Elsewhere `facts` are written as a
   * line of JSON to stderr, and without facts the text as a plain note, both only now and then.
   */
  progress(text: string, facts?: ProgressFacts): void;
  /** Whether colours are wanted. */
  readonly color: boolean;
  /** How wide standard output is; absent where it is no terminal. */
  readonly columns?: number;
  /** Something that programs wait for; only where `--events` asks for it. */
  event?(name: string, facts: Readonly<Record<string, unknown>>): void;
  /** Whether the reader of standard output has left, as `head` does: more need not be made. */
  readonly gone?: boolean;
}

/** A terminal that is drawn on: standard output, with the keyboard as standard input. */
export interface Terminal {
  /** Characters and lines that fit. */
  size(): { columns: number; rows: number };
  /** Writes text, escape sequences included. */
  write(text: string): void;
  /**
   * Hands over keys as they are pressed, until `close` is called on what it returns. The terminal is as
   * it was before when the process ends, however it ends but by SIGKILL.
   */
  open(listeners: { key(text: string): void; resized(): void }): { close(): void };
}

/**
 * All of the outside world that a recipe or a tool sees.
 *
 * @example Waits for a file, as nothing but the context lets it
 * ```ts
 * import assert from "node:assert/strict";
 * import {
 *   type Clock,
 *   type FileSystem,
 *   type RunContext,
 *   systemContext,
 *   type Terminal,
 * } from "@vscope/vscope";
 *
 * async function waitFor(path: string, { files, clock, signal }: RunContext): Promise<boolean> {
 *   while (!signal.aborted) {
 *     if (await files.stat(path).then(() => true, () => false)) return true;
 *     await clock.sleep(100, signal);
 *   }
 *   return false;
 * }
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * assert.ok(await waitFor("README.md", context));
 * // Another time and another file system, as a test would have them.
 * const clock: Clock = { now: () => new Date(0), monotonicMs: () => 0, sleep: async () => {} };
 * const files: FileSystem = Deno;
 * const terminal: Terminal = {
 *   size: () => ({ columns: 80, rows: 24 }),
 *   write() {},
 *   open: () => ({ close() {} }),
 * };
 * assert.ok(await waitFor("README.md", { ...context, clock, files, terminal }));
 * await close();
 * ```
 */
export interface RunContext {
  /** The time. */
  clock: Clock;
  /** Our environment. */
  env: Readonly<Record<string, string>>;
  /** The current folder, absolute. */
  cwd: string;
  /** The file system. */
  files: FileSystem;
  /** What starts processes. */
  processes: ProcessHost;
  /** Where words go. */
  output: Output;
  /** Absent where standard input or output is no terminal. */
  terminal?: Terminal;
  /** Aborted by the first Ctrl-C or TERM; `reason` is the signal's name. */
  signal: AbortSignal;
}
