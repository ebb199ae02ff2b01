/**
 * The driver of one engine: `hooks/vscope_sweep/driver.py`, started, followed and ended.
 *
 * @module
 */

import type { ProcessEnd, RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { NeededShot } from "../../sweep/measure/needed.ts";
import { lastLines } from "../system/log_tail.ts";
import { pythonReason } from "./python_reason.ts";

/** What an engine is made with. */
export interface DriverRequest {
  /** Folder with the config.json. */
  readonly model: string;
  /** Arguments of `vllm.LLM`. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What the worker prepares with. */
  readonly worker: Readonly<Record<string, unknown>>;
  /** Whether shots are handed over more than once: the driver waits for the next until it is ended. */
  readonly rounds?: boolean;
}

/** What the engine tells when it is up. */
export interface EngineFacts {
  readonly vllm: string;
  readonly torch: string;
  readonly runner: string;
  readonly device_type: string;
  readonly timer: string;
  /** Shots whose times come together. */
  readonly shots_per_session: number;
  /** Whether shots go without a pass that warms up and, where their layers allow it, without sampling. */
  readonly lean?: boolean;
  /** Whether the tokens of a prompt `differ`; once all were the same. */
  readonly tokens?: string;
  readonly block_size: number;
  readonly num_gpu_blocks: number;
  readonly num_cache_tokens: number;
  readonly max_model_len: number;
  /** Arguments as this vLLM took them, and those that it does not know. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly unknown: readonly string[];
  /** Modules that were found, by layer, and layers without any. */
  readonly modules: Readonly<Record<string, number>>;
  readonly missing: readonly string[];
  readonly gpu?: string;
  readonly gpu_uuid?: string;
  readonly cuda?: string;
}

/** A shot that could not be fired. */
export interface FailedShot {
  readonly k: string;
  readonly why: string;
}

/** How firing ended. */
export interface Firing {
  /** `stopped`: the caller's signal; `died`: the engine, of which `why` tells. */
  readonly how: "done" | "stopped" | "died";
  readonly failed: readonly FailedShot[];
  readonly why?: string;
}

/** Where a driver is run. */
export interface DriverPlace {
  readonly python: string;
  /** Folder of its own for requests and answers; removed by the caller. */
  readonly work: string;
  /** Folder with the Python package. */
  readonly packages: string;
  /** Its output goes here, within the bundle. */
  readonly log: string;
  /** Hears each line of it too. */
  readonly echo?: (line: string) => void;
}

interface Answer {
  readonly event: "ready" | "fired" | "done" | "unwell" | "failed";
  readonly count?: number;
  readonly failed?: readonly FailedShot[];
  readonly message?: string;
}

const POLL_MS = 100;
const GRACE_MS = 15_000;

/** An engine that is being driven. */
export class Driver {
  #read = 0;
  #rest = "";
  #end: ProcessEnd | undefined;
  #ending: Promise<ProcessEnd> | undefined;

  private constructor(
    private readonly context: RunContext,
    private readonly place: DriverPlace,
    private readonly process: Awaited<ReturnType<RunContext["processes"]["start"]>>,
  ) {
    void process.ended.then((end) => this.#end = end);
  }

  /** Its process. */
  get pid(): number {
    return this.process.pid;
  }

  /**
   * Starts the driver. Needs write permission on its folder and permission to run Python.
   *
   * @throws {UsageError} where Python cannot be started.
   */
  static async start(
    context: RunContext,
    place: DriverPlace,
    request: DriverRequest,
  ): Promise<Driver> {
    const { work } = place;
    await context.files.mkdir(work, { recursive: true });
    const path = `${work}/request.json`;
    const files = { answers: `${work}/answers.jsonl`, shots: `${work}/shots.jsonl` };
    const worker = { ...request.worker, in_flight: `${work}/in_flight` };
    await context.files.writeTextFile(path, JSON.stringify({ ...request, worker, ...files }));
    const behind = context.env["PYTHONPATH"];
    const process = await context.processes.start({
      argv: [place.python, "-m", "vscope_sweep.driver", path],
      env: {
        PYTHONPATH: [place.packages, behind].filter(Boolean).join(":"),
        PYTHONUNBUFFERED: "1",
        // The model is a folder of ours, and nothing of it is secret.
        HF_HUB_OFFLINE: "1",
        HF_TOKEN: undefined,
        // Profilers of vscope's own have no place in what is measured.
        VLLM_ENABLE_PROFILING: undefined,
      },
      stdoutPath: place.log,
      stderrPath: place.log,
      ...(place.echo ? { stdoutLine: place.echo, stderrLine: place.echo } : {}),
    });
    return new Driver(context, place, process);
  }

  /**
   * Waits for the engine.
   *
   * @returns undefined where `signal` came first.
   * @throws {RunError} where it did not come up.
   */
  async ready(signal: AbortSignal): Promise<EngineFacts | undefined> {
    for await (const answer of this.#answers(signal)) {
      if (answer.event === "ready") return answer as unknown as EngineFacts;
      if (answer.event === "failed") {
        throw new RunError(`vLLM did not start: ${pythonReason(answer.message ?? "")}`);
      }
    }
    if (signal.aborted) return undefined;
    throw new RunError(`vLLM did not start: ${await this.#lastWords()}`);
  }

  /** Hands the shots over and waits until they are fired; `fired` hears how many are. */
  async fire(
    shots: readonly NeededShot[],
    fired: (count: number) => void,
    signal: AbortSignal,
  ): Promise<Firing> {
    const { files } = this.context;
    const path = `${this.place.work}/shots.jsonl`;
    const lines = shots.map(({ k, r, e, l }) => JSON.stringify({ k, r, l, ...(e ? { e } : {}) }));
    await files.writeTextFile(`${path}.tmp`, lines.map((line) => `${line}\n`).join(""));
    await files.rename(`${path}.tmp`, path);
    const failed: FailedShot[] = [];
    for await (const answer of this.#answers(signal)) {
      failed.push(...answer.failed ?? []);
      if (answer.event === "fired") fired(answer.count ?? 0);
      if (answer.event === "done") return { how: "done", failed };
      if (answer.event === "unwell") {
        return { how: "died", failed, why: failed.at(-1)?.why ?? "a shot failed" };
      }
      if (answer.event === "failed") {
        return { how: "died", failed, why: pythonReason(answer.message ?? "it ended") };
      }
    }
    if (signal.aborted) return { how: "stopped", failed };
    return { how: "died", failed, why: await this.#lastWords() };
  }

  /** Key of the shot that was in flight when the engine ended, where it was one and the worker told. */
  async inFlight(): Promise<string | undefined> {
    const text = await this.context.files.readTextFile(`${this.place.work}/in_flight`)
      .catch(() => "");
    return text.split("\n")[0] || undefined;
  }

  /** Ends the engine and all its processes. */
  end(): Promise<ProcessEnd> {
    return this.#ending ??= this.process.end(GRACE_MS);
  }

  /** Answers as they come, until the process has ended or the signal came. */
  async *#answers(signal: AbortSignal): AsyncGenerator<Answer> {
    for (;;) {
      const ended = this.#end !== undefined;
      yield* await this.#news();
      if (ended || signal.aborted) return;
      await this.context.clock.sleep(POLL_MS, signal);
    }
  }

  async #news(): Promise<Answer[]> {
    let text: string;
    try {
      using file = await this.context.files.open(`${this.place.work}/answers.jsonl`);
      await file.seek(this.#read, Deno.SeekMode.Start);
      const bytes = new Uint8Array(await new Response(file.readable).arrayBuffer());
      this.#read += bytes.length;
      text = this.#rest + new TextDecoder().decode(bytes);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw new RunError(`Cannot read the driver's answers: ${messageOf(error)}`);
    }
    const end = text.lastIndexOf("\n") + 1;
    this.#rest = text.slice(end);
    return text.slice(0, end).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  async #lastWords(): Promise<string> {
    const { code = 1, signal = null } = this.#end ?? {};
    const last = (await lastLines(this.context.files, this.place.log, 40))
      .findLast((line) => /Error|error/.test(line))?.trim();
    return `it ended with ${signal ?? `exit code ${code}`}` + (last ? ` (${last})` : "");
  }
}
