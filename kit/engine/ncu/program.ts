/**
 * Measuring a command that is no server: a script, a benchmark, any program.
 *
 * @module
 */

import { messageOf } from "../../contract/errors.ts";
import { CONTROL } from "../torch/offline_plan.ts";
import { LOOK_MS, type Measuring } from "./measuring.ts";
import { rounded } from "./server.ts";

/** What the hook in the program says of its window; any of it may be missing. */
interface WindowState {
  state?: string;
  reason?: string;
  engine?: Record<string, unknown>;
  seconds?: number;
}

/** Waits for the command to end, and ends it at the bounds. */
export async function measureProgram(measuring: Measuring): Promise<void> {
  const { context, bundle, values, capture, task, talk } = measuring;
  const { clock, output } = context;
  let window: WindowState = {};
  let began: number | undefined;
  let asked: number | undefined;
  let ending: number | undefined;
  const now = () => clock.monotonicMs();
  while (measuring.end === undefined && !context.signal.aborted) {
    if (task.by === "hook") window = await readWindow(measuring) ?? window;
    if (window.state === "recording" || talk.measured > 0) began ??= now();
    const passed = began === undefined ? 0 : (now() - began) / 1000;
    if (measuring.hopeless && ending === undefined) {
      measuring.ended("ncu could not measure");
      ending = now();
      measuring.endTarget();
    }
    if (passed > values.maxSeconds && asked === undefined && window.state !== "done") {
      asked = now();
      measuring.ended("the seconds had passed");
      if (task.by === "hook") {
        await context.files.writeTextFile(`${bundle.dir}/${CONTROL}/stop`, "");
      }
    }
    // One without a hook is ended; one whose step does not end is, too.
    const patience = task.by === "hook" ? values.stopTimeout : 0;
    const heard = task.by === "hook" && window.state !== "recording";
    if (asked !== undefined && !heard && ending === undefined && now() - asked > 1000 * patience) {
      ending = now();
      bundle.note("warning", `The command was ended after ${values.maxSeconds} s of measuring`);
      measuring.endTarget();
    }
    if (ending !== undefined && now() - ending > 1000 * values.stopTimeout) {
      await measuring.untilEnded(0).catch((error) => bundle.note("error", messageOf(error)));
      break;
    }
    output.progress(
      began === undefined
        ? `The command runs, ${Math.round(measuring.seconds)} s`
        : `Measuring, ${measuring.progress}`,
    );
    await clock.sleep(LOOK_MS, context.signal);
  }
  if (task.by === "hook") window = await readWindow(measuring) ?? window;
  if (began !== undefined) {
    capture.window.seconds = rounded(window.seconds ?? (now() - began) / 1000);
  }
  if (window.engine) capture.engine_arguments = window.engine;
  if (window.state === "left_alone") {
    bundle.note("info", `The program was left alone: ${window.reason}`);
  } else if (window.state === "failed") {
    bundle.note("error", `The profiler could not be started in the program: ${window.reason}`);
  }
  if (context.signal.aborted && measuring.end === undefined) {
    measuring.ended("it was interrupted");
    measuring.endTarget();
    await measuring.untilEnded(values.grace)
      .catch((error) => bundle.note("error", messageOf(error)));
    return;
  }
  measuring.ended(window.state === "done" ? "the call had ended" : "the command had ended");
}

async function readWindow({ context, bundle }: Measuring): Promise<WindowState | undefined> {
  try {
    return JSON.parse(await context.files.readTextFile(`${bundle.dir}/${CONTROL}/window.json`));
  } catch {
    // Not yet there.
    return undefined;
  }
}
