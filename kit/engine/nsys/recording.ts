/**
 * A recording under way: what nsys says and leaves, and how it is ended.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { OpenCapture } from "../capture_run.ts";
import { processListeningOn } from "../system/listening_process.ts";
import { FollowedTool } from "../nvidia/followed_tool.ts";
import { sendSignal } from "../system/process_table.ts";
import type { NsysCapture, NsysWindowEnd } from "./capture_facts.ts";
import { reportLeft, sizeOf } from "./collect.ts";
import type { FoundNsys } from "./find_nsys.ts";
import type { NsysValues } from "./options.ts";
import { type NsysTask, REPORT } from "./plan.ts";
import { stopArgv } from "./sessions.ts";
import { NsysTalk } from "./talk.ts";

/** How often things are looked at. */
export const LOOK_MS = 200;
/** A report that has not grown for so long is whole. */
const STILL_MS = 1500;

/** The recording of one run. */
export class Recording extends FollowedTool {
  readonly talk = new NsysTalk();
  #lastSize = 0;
  #lastGrowth = 0;

  constructor(
    context: RunContext,
    readonly bundle: OpenCapture,
    readonly values: NsysValues,
    readonly task: NsysTask,
    readonly nsys: FoundNsys,
    readonly capture: NsysCapture,
  ) {
    super(context);
  }

  /** Whether nsys records no more. */
  get over(): boolean {
    return this.end !== undefined || this.talk.rangeEnded || this.talk.generating;
  }

  /** Waits until nsys records no more, `limit` seconds have passed, or Ctrl-C. */
  async untilOver(says: () => string, limit = Infinity, signal?: AbortSignal): Promise<void> {
    const { clock, output } = this.context;
    const start = clock.monotonicMs();
    const stop = signal ? AbortSignal.any([signal, this.context.signal]) : this.context.signal;
    while (!this.over && !stop.aborted && clock.monotonicMs() - start < 1000 * limit) {
      output.progress(says());
      await clock.sleep(LOOK_MS, stop);
    }
  }

  /** Ends the recording of the session by nsys itself. */
  async stopSession(seconds: number): Promise<void> {
    this.context.output.progress(`Stopping ${this.task.session}`);
    try {
      const { code, stdout, stderr } = await this.context.processes.capture(
        stopArgv(this.nsys.path, this.task.session),
        { timeoutMs: 1000 * Math.max(1, seconds) },
      );
      // One that had ended by itself has no session any more.
      if (code === 0 || this.over) return;
      throw new RunError(`exit code ${code}: ${(stderr || stdout).trim().slice(0, 200)}`);
    } catch (error) {
      this.bundle.note("warning", `nsys stop: ${messageOf(error)}`);
    }
  }

  /** Asks the server to end, unless nsys does so itself and it is gone; nsys ends with it. */
  endServer(port: number, bySelf: boolean): void {
    const server = processListeningOn(port);
    if (server) sendSignal(server.pid, "SIGTERM");
    // Not yet listening, or no /proc: nsys hands an INT on, and leaves its report.
    else if (!bySelf) this.process?.signal("SIGINT");
  }

  /**
   * Waits until the report is written.
   *
   * @param options.toTheEnd Until nsys itself has ended, or its target takes more than `--grace`.
   * @throws {RunError} when there is no report in time.
   */
  async untilWritten(options: { toTheEnd: boolean; limitSec: number }): Promise<void> {
    const { clock, output } = this.context;
    const start = clock.monotonicMs();
    const { toTheEnd, limitSec } = options;
    while (this.end === undefined) {
      const seconds = (clock.monotonicMs() - start) / 1000;
      const whole = await this.#whole();
      if (whole && (!toTheEnd || seconds > this.values.grace)) return;
      if (seconds > limitSec) {
        throw new RunError(
          `nsys had not written its report after ${Math.round(limitSec)} s; give it more with ` +
            "--stop-timeout, or record less",
        );
      }
      output.progress(
        `nsys is writing its report, ${Math.round(seconds)} s` +
          (this.#lastSize > 0 ? `: ${(this.#lastSize / 1e6).toFixed(1)} MB` : ""),
      );
      await clock.sleep(LOOK_MS);
    }
  }

  /** Whether there is a report that has ceased to grow. */
  async #whole(): Promise<boolean> {
    const { context, bundle } = this;
    const size = await sizeOf(context, `${bundle.dir}/${REPORT}.nsys-rep`);
    const now = context.clock.monotonicMs();
    if (size !== this.#lastSize) [this.#lastSize, this.#lastGrowth] = [size, now];
    return size > 0 && now - this.#lastGrowth > STILL_MS;
  }

  /** Notes that a step is over: it lasted from the end of the one before. */
  step(name: string): void {
    const before = this.capture.steps.reduce((sum, { seconds }) => sum + seconds, 0);
    const seconds = Math.max(0, this.seconds - before);
    this.capture.steps.push({ name, seconds: Number(seconds.toFixed(3)) });
  }

  /** Sets why the recording ended, once. */
  ended(why: NsysWindowEnd): void {
    this.capture.window.ended ??= why;
  }

  /** Says why there is nothing, where there is nothing. */
  async explainEmpty(): Promise<boolean> {
    const { context, bundle, talk, task } = this;
    if (await reportLeft(context, bundle.dir)) return false;
    // What went wrong before has been told.
    if (this.capture.window.ended !== "it failed" || talk.rangeBegan || talk.unknownOption) {
      this.bundle.note("error", this.#whyEmpty(talk, task));
    }
    return true;
  }

  #whyEmpty(talk: NsysTalk, task: NsysTask): string {
    if (this.context.signal.aborted && !talk.generating) {
      return "Interrupted before anything was recorded";
    }
    if (talk.diskFull) {
      return "nsys left no report: the disk is full; nsys needs room in TMPDIR (/tmp) and in the " +
        "bundle's folder";
    }
    if (talk.unknownOption) {
      return `nsys ${this.nsys.version} does not know the option ${talk.unknownOption}; take a newer ` +
        "one";
    }
    const byRange = task.by === "http" || task.by === "hook" || task.by === "program";
    if (byRange && !talk.rangeBegan) {
      return "nsys left no report: no process called cudaProfilerStart while nsys was there" + {
        http: "; vLLM's log tells whether its profiler was started",
        hook: "; give --capture-range=none to record the program from start to end",
        program: "; give --capture-range=none to record the program from start to end",
      }[task.by as "http" | "hook" | "program"];
    }
    if (talk.empty) return "nsys says that there was nothing to report";
    return `nsys left no report; the last it said:\n${talk.tail(8)}`;
  }
}
