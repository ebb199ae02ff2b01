/**
 * A measuring under way: what ncu says and leaves, and how it is ended.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import type { OpenCapture } from "../capture_run.ts";
import { processListeningOn } from "../system/listening_process.ts";
import type { FoundTool } from "../nvidia/find_tool.ts";
import { FollowedTool } from "../nvidia/followed_tool.ts";
import { ProcessTracker, sendSignal } from "../system/process_table.ts";
import type { NcuCapture, NcuWindowEnd } from "./capture_facts.ts";
import type { NcuValues } from "./options.ts";
import { type NcuTask, REPORT } from "./plan.ts";
import { NcuTalk } from "./talk.ts";
import { DISK_FULL, otherErrors, troublesOf } from "./troubles.ts";

/** How often things are looked at. */
export const LOOK_MS = 200;

/** So many names stand in a message. */
const NAMED = 8;

/** The measuring of one run. */
export class Measuring extends FollowedTool {
  readonly talk = new NcuTalk();

  constructor(
    context: RunContext,
    readonly bundle: OpenCapture,
    readonly values: NcuValues,
    readonly task: NcuTask,
    readonly ncu: FoundTool,
    readonly capture: NcuCapture,
  ) {
    super(context);
  }

  /** Whether ncu has said that it cannot measure. */
  get hopeless(): boolean {
    return troublesOf(this.talk).some(({ final }) => final);
  }

  /** Whether all launches that were asked for are measured, as far as that can be told. */
  get all(): boolean {
    const { filterMode, count } = this.values;
    // ncu begins with a launch before it has measured it: the next thing it says is behind that.
    return filterMode === "global" && this.task.workers === 1 && this.talk.measured >= count;
  }

  /** How far it is, for a person. */
  get progress(): string {
    const { measured, current } = this.talk;
    const { filterMode, count } = this.values;
    const most = filterMode === "global" ? ` of at most ${count}` : "";
    return `${measured}${most} launches` + (current === undefined ? "" : ` (${current})`);
  }

  /** Waits until there is nothing more to measure, `limit` seconds have passed, or Ctrl-C. */
  async untilOver(says: () => string, limit: number, signal: AbortSignal): Promise<void> {
    const { clock, output } = this.context;
    const start = clock.monotonicMs();
    const stop = AbortSignal.any([signal, this.context.signal]);
    while (
      this.end === undefined && !this.hopeless && !this.all && !stop.aborted &&
      clock.monotonicMs() - start < 1000 * limit
    ) {
      output.progress(says());
      await clock.sleep(LOOK_MS, stop);
    }
  }

  /** Asks the server to end; ncu ends with it. */
  endServer(port: number): void {
    const server = processListeningOn(port);
    if (server) sendSignal(server.pid, "SIGTERM");
    else this.endTarget();
  }

  /** Asks the target to end: what ncu itself started, for ncu loses its report where it is ended. */
  endTarget(): void {
    const { pid } = this.process!;
    const tracker = new ProcessTracker(crypto.randomUUID());
    tracker.watch(pid);
    tracker.update();
    for (const target of tracker.alive()) if (target !== pid) sendSignal(target, "SIGTERM");
  }

  /**
   * Waits until ncu has ended, and its report is written with that.
   *
   * @throws {RunError} when it has not in time.
   */
  async untilEnded(limitSec: number): Promise<void> {
    const { clock, output } = this.context;
    const start = clock.monotonicMs();
    while (this.end === undefined) {
      const seconds = (clock.monotonicMs() - start) / 1000;
      if (seconds > limitSec) {
        throw new RunError(
          `ncu had not ended with its target after ${Math.round(limitSec)} s; give it more with ` +
            "--stop-timeout, or measure less with --count",
        );
      }
      output.progress(`ncu writes its report, ${Math.round(seconds)} s`);
      await clock.sleep(LOOK_MS);
    }
  }

  /** Sets why measuring ended, once. */
  ended(why: NcuWindowEnd): void {
    this.capture.window.ended ??= why;
  }

  /** Says what ncu complained of; returns whether it left a report. */
  async explain(): Promise<boolean> {
    const { context, bundle, talk } = this;
    const left = await context.files.stat(`${bundle.dir}/${REPORT}.ncu-rep`)
      .then(({ size }) => size > 0, () => false);
    const troubles = troublesOf(talk);
    for (const { message, final } of troubles) bundle.note(final ? "error" : "warning", message);
    const errors = otherErrors(talk);
    if (left) {
      const severity = !this.task.server && this.end?.code ? "error" : "warning";
      for (const text of new Set(errors)) bundle.note(severity, `ncu says: ${text}`);
    } else if (!troubles.some(({ final }) => final) && (errors.length > 0 || !this.#told())) {
      bundle.note("error", this.#whyEmpty(errors));
    }
    return left;
  }

  /** Whether what went wrong has been told, as a server that died ahead of its work. */
  #told(): boolean {
    return this.capture.window.ended === "it failed" && !this.talk.unknownOption &&
      this.bundle.manifest.notes.some(({ severity }) => severity === "error");
  }

  #whyEmpty(errors: readonly string[]): string {
    const { talk, task, ncu, context } = this;
    if (context.signal.aborted && talk.measured === 0) {
      return "Interrupted before anything was measured";
    }
    if (talk.unknownOption) {
      return `ncu ${ncu.version} does not know the option ${talk.unknownOption}; take a newer one`;
    }
    if (talk.diskFull) return DISK_FULL;
    if (errors.length > 0) return `ncu left no report; it says: ${errors.join("; ")}`;
    if (talk.measured > 0) {
      return `ncu left no report, though it measured ${talk.measured} launches; the last it said:\n` +
        talk.tail(8);
    }
    if (talk.available.length > 0) {
      return `ncu measured nothing: of the kernels that ran, none is one of ${task.filter.words}` +
        (this.values.skip > 0 ? ` behind the first ${this.values.skip}` : "") +
        `; there ran ${some(talk.available)}`;
    }
    if (talk.connected === 0) {
      return "ncu measured nothing: no process of the command used CUDA";
    }
    return "ncu measured nothing: " + {
      http: "no kernel ran between the profiler's start and stop; vLLM's log tells whether its " +
        "profiler was started",
      hook:
        "no call of LLM.generate was measured; --capture-range none measures the program from " +
        "its start",
      program: "the program did not call cudaProfilerStart, or nothing ran behind it; " +
        "--capture-range none measures it from its start",
      run: "no kernel ran",
    }[task.by];
  }
}

function some(names: readonly string[]): string {
  return names.length <= NAMED
    ? names.join(", ")
    : `${names.slice(0, NAMED).join(", ")} and ${names.length - NAMED} more`;
}
