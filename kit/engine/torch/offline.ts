/**
 * `vscope torch -- python script.py`: a program that uses vLLM's LLM(), one call of it recorded.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import { formatBytes } from "../../contract/quantities.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { writeHooks } from "../python/hooks_package.ts";
import { MemoryWatch } from "../system/memory_watch.ts";
import { pythonOf } from "../python/python_of.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { writeRunner } from "../python/runners.ts";
import { HOOKS_FOLDER } from "../session/session_options.ts";
import type { TorchCapture, WindowEnd } from "./capture_facts.ts";
import { analyzeTraces } from "./analyze.ts";
import { collectTraces } from "./collect.ts";
import { configureProfiler } from "./configure.ts";
import { flushProgress, freshTraces, snapshot } from "./flush.ts";
import { CONTROL, EXAMPLE, exampleArgv, offlineEnvironment } from "./offline_plan.ts";
import { flushSeconds, type TorchValues } from "./options.ts";
import { emptyCapture, tellTranslation, traceFolder, wishOf } from "./plan.ts";
import { profilerFacts } from "./profiler_facts.ts";
import { workersOf } from "./server_command.ts";

/** What the hook in the program says of itself, in `window.json`. */
interface WindowState {
  pid: number;
  state: "waiting" | "recording" | "flushing" | "done" | "left_alone" | "failed";
  reason?: string;
  ended?: string;
  seconds?: number;
  flush_seconds?: number;
  calls?: number;
  config?: Record<string, unknown>;
}

const LOOK_MS = 250;
/** Looking at all processes is dearer. */
const MEMORY_EVERY = 4;

/**
 * Runs the plan of an offline program.
 *
 * @throws {UsageError} when its Python has no vLLM.
 */
export async function runOffline(
  context: RunContext,
  plan: Plan<Options> & { values: TorchValues },
): Promise<Outcome> {
  const { values, out, invocation } = plan;
  const { command } = invocation;
  const own = command.length === 0;
  const named = values.python ??
    (own ? await pythonOf(context, ["vllm"]) ?? "python3" : await pythonOf(context, command));
  const python = await requireVllm(context, "torch", command, named);
  const argv = own ? exampleArgv(values, out, named ?? "python3") : command;
  const facts = await profilerFacts(context, named);
  const setup = configureProfiler(wishOf(plan), facts);
  tellTranslation(context, plan, setup, python?.vllm);
  const env = { ...setup.env, ...offlineEnvironment(values, invocation, out, setup) };
  const capture = emptyCapture("offline", values);
  capture.load = own ? "the built-in example" : "the program's own";
  return await runCapture(context, {
    recipe: "torch",
    plan: { ...plan, processes: [{ name: "vllm", argv, env }] },
    python,
    async capture(bundle) {
      const { files } = context;
      bundle.manifest.capture = capture as unknown as Record<string, unknown>;
      if (values.model !== undefined) bundle.manifest.engine["model"] = values.model;
      for (const message of setup.missing) bundle.note("warning", message);
      const wished = wishOf(plan).dir;
      await files.mkdir(wished, { recursive: true });
      await files.mkdir(`${out}/${CONTROL}`);
      await writeHooks(files, `${out}/${HOOKS_FOLDER}`);
      if (own) await writeRunner(files, "torch/example.py", `${out}/${EXAMPLE}`);
      const watch = new OfflineWatch(context, out, values, wished);
      await watch.begin();
      try {
        await bundle.run({
          argv,
          env,
          graceMs: 1000 * values.grace,
          limit: watch.limit,
          cutShort: () => watch.stop("it was interrupted", values.grace),
        });
      } finally {
        await watch.close();
        await finish(context, bundle, plan, capture, watch);
        await files.remove(`${out}/${CONTROL}`, { recursive: true });
        await files.remove(`${out}/${HOOKS_FOLDER}`, { recursive: true });
      }
    },
  });
}

/** Looks at the program while it runs: shows how far it is, and stops it at a bound. */
class OfflineWatch {
  readonly #over = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  before: Map<string, number> = new Map();
  /** Which bound ended it. */
  bound: WindowEnd | undefined;
  readonly #limit = Promise.withResolvers<never>();
  /** Rejects when writing the traces takes too long. */
  readonly limit: Promise<never> = this.#limit.promise;

  constructor(
    private readonly context: RunContext,
    private readonly out: string,
    private readonly values: TorchValues,
    readonly dir: string,
  ) {}

  async begin(): Promise<void> {
    this.before = await snapshot(this.context, this.dir);
    this.limit.catch(() => {});
    this.#loop = this.#watch();
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#loop;
  }

  async state(): Promise<WindowState | undefined> {
    try {
      return JSON.parse(
        await this.context.files.readTextFile(`${this.out}/${CONTROL}/window.json`),
      );
    } catch {
      return undefined;
    }
  }

  /** Asks a hook that records to stop, and waits until it has, or `seconds` have passed. */
  async stop(bound: WindowEnd, seconds: number): Promise<void> {
    const { clock, files } = this.context;
    if ((await this.state())?.state !== "recording") return;
    this.bound ??= bound;
    await files.writeTextFile(`${this.out}/${CONTROL}/stop`, "");
    const start = clock.monotonicMs();
    while (clock.monotonicMs() - start < 1000 * seconds) {
      const state = (await this.state())?.state;
      if (state !== "recording" && state !== "flushing") return;
      await clock.sleep(LOOK_MS);
    }
  }

  async #watch(): Promise<void> {
    const { context, values } = this;
    const { clock } = context;
    let memory: MemoryWatch | undefined;
    let began: number | undefined;
    let flushing: number | undefined;
    for (let look = 0; !this.#over.signal.aborted; look++) {
      const now = await this.state();
      if (now?.state === "recording" && this.bound === undefined) {
        began ??= clock.monotonicMs();
        memory ??= new MemoryWatch([now.pid]);
        const passed = (clock.monotonicMs() - began) / 1000;
        context.output.progress(`Recording call ${now.calls ?? ""}, ${Math.round(passed)} s`);
        if (passed >= values.maxSeconds) await this.stop("the seconds had passed", 0);
        else if (look % MEMORY_EVERY === 0 && memory.gained() > values.maxBytes) {
          await this.stop("the memory had grown", 0);
        }
      }
      if (now?.state === "flushing") {
        flushing ??= clock.monotonicMs();
        const passed = (clock.monotonicMs() - flushing) / 1000;
        const traces = await freshTraces(context, this);
        context.output.progress(flushProgress(traces, undefined, passed));
        if (passed > flushSeconds(values)) {
          this.#limit.reject(
            new RunError(
              `vLLM had not written its traces after ${Math.round(passed)} s; give it more with ` +
                "--flush-timeout, or record fewer steps with --max-iterations",
            ),
          );
        }
      }
      await clock.sleep(LOOK_MS, this.#over.signal);
    }
  }
}

async function finish(
  context: RunContext,
  bundle: OpenCapture,
  plan: Plan<Options> & { values: TorchValues },
  capture: TorchCapture,
  watch: OfflineWatch,
): Promise<void> {
  const state = await watch.state();
  const dir = traceFolder(plan, state?.config ?? {});
  if (state?.seconds !== undefined) capture.window.seconds = Number(state.seconds.toFixed(3));
  if (state?.flush_seconds !== undefined) {
    capture.window.flush_seconds = Number(state.flush_seconds.toFixed(3));
  }
  const ended = state?.state === "done"
    ? watch.bound ?? "the script's call had ended"
    : state?.state === "left_alone"
    ? "the script stopped it"
    : state === undefined
    ? undefined
    : context.signal.aborted
    ? "it was interrupted"
    : "it failed";
  if (ended) capture.window.ended = ended;
  if (state?.state === "failed") {
    bundle.note("error", `The profiler could not be used: ${state.reason ?? "no reason given"}`);
  }
  if (state?.state === "left_alone") {
    bundle.note("info", `vscope set no window: ${state.reason}`);
  }
  if (ended === "the memory had grown") {
    bundle.note(
      "warning",
      "Recording ended early: vLLM's memory had grown by more than --max-bytes, " +
        formatBytes(plan.values.maxBytes),
    );
  }
  if ((state === undefined || state.state === "waiting") && !context.signal.aborted) {
    const calls = state?.calls ?? 0;
    bundle.note(
      "error",
      calls === 0
        ? "The program made no call of LLM.generate, chat or embed that vscope could see; with " +
          "AsyncLLM, call start_profile and stop_profile in the program"
        : `The program made ${calls} calls of LLM.generate, and call ${plan.values.recordCall} was ` +
          "asked for; give a smaller --record-call",
    );
  }
  // Another folder than ours is looked at only where the program named it: all in it is new or old.
  const before = dir === watch.dir ? watch.before : new Map<string, number>();
  const since = bundle.manifest.started_at;
  const traces = await freshTraces(context, { dir, before });
  const fresh = dir === watch.dir ? traces : await newerThan(context, dir, traces, since);
  await collectTraces(context, bundle, capture, { dir, traces: fresh }, {
    workers: workersOf(plan.invocation.command),
    frontend: undefined,
  });
  await analyzeTraces(context, bundle, capture);
}

async function newerThan<T extends { path: string }>(
  context: RunContext,
  dir: string,
  traces: readonly T[],
  since: string,
): Promise<T[]> {
  const found: T[] = [];
  for (const trace of traces) {
    const { mtime } = await context.files.stat(`${dir}/${trace.path}`);
    if (mtime && mtime.getTime() >= Date.parse(since)) found.push(trace);
  }
  return found;
}
