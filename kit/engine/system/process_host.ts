/**
 * Starts processes that are sure to end with us.
 *
 * Each runs in a session of its own with its output in files, so that a terminal's Ctrl-C reaches
 * vscope alone, which then ends it in order. Should vscope itself be killed, the guard ends it.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import type {
  ProcessEnd,
  ProcessHost,
  ProcessSpec,
  RunningProcess,
} from "../../contract/context.ts";
import { messageOf, UsageError } from "../../contract/errors.ts";
import { GUARD_ARGUMENT, guardArgv, type GuardMessage } from "./guard.ts";
import { OutputFile } from "./output_file.ts";
import { secretsOf } from "../redact.ts";
import { endAll, killAll, ProcessTracker, RUN_MARKER, sendSignal } from "./process_table.ts";

const POLL_MS = 400;

/** How long after its exit the output of a process may take to arrive. */
const LAST_WORDS_MS = 200;

/** The real {@linkcode ProcessHost}. Needs permission to run any program and to read /proc. */
export class SystemProcessHost implements ProcessHost {
  readonly #runId = crypto.randomUUID();
  readonly #all = new ProcessTracker(this.#runId);
  readonly #main: string;
  #guard: ChildProcess | undefined;
  #count = 0;

  /** @param main The module that the guard runs: one that ends in `exitWith`. */
  constructor(main: string = Deno.mainModule) {
    this.#main = main;
  }

  /** Starts a process; throws a UsageError when its program cannot be started. */
  async start(spec: ProcessSpec): Promise<RunningProcess> {
    requireProcesses();
    this.#startGuard();
    const mark = `${this.#runId}.${++this.#count}.`;
    const env = this.#environment(spec.env, mark, spec.inherit);
    // Ours too: a command that gets less of it may still be handed the same secret.
    const secrets = secretsOf({ ...Deno.env.toObject(), ...env }, spec.argv);
    const stdout = new OutputFile(spec.stdoutPath, secrets);
    const stderr = new OutputFile(spec.stderrPath, secrets);
    let child: ChildProcess;
    try {
      child = spawn(spec.argv[0]!, spec.argv.slice(1), {
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env,
        ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      });
      stdout.follow(child.stdout!, spec.stdoutLine);
      stderr.follow(child.stderr!, spec.stderrLine);
      await started(child);
    } catch (error) {
      stdout.close();
      stderr.close();
      throw new UsageError(
        `Cannot start "${spec.argv[0]}": ${messageOf(error)}; check its name and PATH`,
      );
    }
    const pid = child.pid!;
    this.#all.watch(pid);
    this.#tell({ watch: pid });
    return new SystemProcess(pid, child, mark, [stdout, stderr]);
  }

  /** Runs a short command to its end. */
  async capture(
    argv: readonly string[],
    options: {
      env?: Readonly<Record<string, string | undefined>>;
      inherit?: boolean;
      timeoutMs?: number;
      cwd?: string;
    } = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const signal = options.timeoutMs === undefined
      ? undefined
      : AbortSignal.timeout(options.timeoutMs);
    const output = await new Deno.Command(argv[0]!, {
      args: argv.slice(1),
      clearEnv: true,
      env: this.#environment(options.env, this.#runId, options.inherit),
      stdin: "null",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(signal === undefined ? {} : { signal }),
    }).output();
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  }

  /** KILLs every process that was started, without waiting. */
  emergencyKill(): void {
    this.#all.update();
    killAll(this.#all);
  }

  /** Ends what is left and dismisses the guard. */
  async close(): Promise<void> {
    if (!this.#guard) return;
    this.#all.update();
    if (this.#all.alive().length > 0) await endAll(this.#all, 2000);
    this.#tell({ done: true });
    this.#guard.stdin?.end();
    this.#guard = undefined;
  }

  #environment(
    changes: Readonly<Record<string, string | undefined>> = {},
    mark: string,
    inherit = true,
  ): Record<string, string> {
    const env: Record<string, string> = {
      ...(inherit ? Deno.env.toObject() : {}),
      [RUN_MARKER]: mark,
    };
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
    return env;
  }

  #startGuard(): void {
    if (this.#guard) return;
    if (Deno.args[0] === GUARD_ARGUMENT) {
      // A guard of its own would start one too, and so on without end.
      throw new Error(`${Deno.mainModule} was started as the guard, and does not run guardMain`);
    }
    const [program, ...args] = guardArgv(this.#runId, this.#main);
    this.#guard = spawn(program!, args, { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    // Its end is nothing to report: the run goes on, only less safely.
    this.#guard.on("error", () => {});
    this.#guard.stdin?.on("error", () => {});
    this.#guard.unref();
  }

  #tell(message: GuardMessage): void {
    this.#guard?.stdin?.write(JSON.stringify(message) + "\n");
  }
}

/** Nothing is started that could not be ended: on Linux that takes /proc. */
function requireProcesses(): void {
  if (Deno.build.os === "linux") Deno.readDirSync("/proc");
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => resolve());
    child.once("error", reject);
  });
}

class SystemProcess implements RunningProcess {
  readonly ended: Promise<ProcessEnd>;
  readonly #tracker: ProcessTracker;

  readonly #outputs: readonly OutputFile[];

  constructor(
    readonly pid: number,
    child: ChildProcess,
    mark: string,
    outputs: readonly OutputFile[],
  ) {
    this.#outputs = outputs;
    this.#tracker = new ProcessTracker(mark);
    this.#tracker.watch(pid);
    const timer = setInterval(() => this.#tracker.update(), POLL_MS);
    this.ended = new Promise((resolve) => {
      child.once("exit", async (code, signal) => {
        clearInterval(timer);
        this.#tracker.update();
        await this.#drained(LAST_WORDS_MS);
        resolve({ code: code ?? 1, signal });
      });
    });
  }

  signal(name: Deno.Signal): void {
    sendSignal(-this.pid, name);
  }

  async end(graceMs = 20_000): Promise<ProcessEnd> {
    this.signal("SIGTERM");
    const timeout = new AbortController();
    const grace = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      timeout.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()));
    });
    await Promise.race([this.ended, grace]);
    timeout.abort();
    // The leader has had its time, and knows best how to end its children; what is left now is
    // left behind.
    await endAll(this.#tracker, 1000);
    const end = await this.ended;
    await this.#drained(1000);
    for (const output of this.#outputs) output.close();
    const lostOutputBytes = this.#outputs.reduce((sum, { lostBytes }) => sum + lostBytes, 0);
    return lostOutputBytes > 0 ? { ...end, lostOutputBytes } : end;
  }

  async #drained(ms: number): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.drained(ms)));
  }
}
