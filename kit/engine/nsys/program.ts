/**
 * The recording of a command that is no server: a script, a benchmark, any program.
 *
 * @module
 */

import { messageOf } from "../../contract/errors.ts";
import { CONTROL } from "../torch/offline_plan.ts";
import { LOOK_MS, type Recording } from "./recording.ts";
import { rounded } from "./server.ts";

/** Waits for the command to end, and ends the recording at its bounds. */
export async function recordProgram(recording: Recording): Promise<void> {
  const { context, bundle, values, capture, talk, task } = recording;
  const { clock, output } = context;
  let began: number | undefined;
  let stopped: number | undefined;
  let asked = false;
  const bounded = task.by === "hook" || task.by === "program";
  while (recording.end === undefined && !context.signal.aborted) {
    if (talk.rangeBegan) began ??= clock.monotonicMs();
    if (talk.rangeEnded || talk.generating) stopped ??= clock.monotonicMs();
    const passed = began === undefined ? 0 : (clock.monotonicMs() - began) / 1000;
    if (bounded && passed > values.maxSeconds && stopped === undefined && !asked) {
      asked = true;
      recording.ended("the seconds had passed");
      // Between two steps, by the hook in the program; nsys itself ends one that has no hook.
      if (task.by === "hook") {
        await context.files.writeTextFile(`${bundle.dir}/${CONTROL}/stop`, "");
      } else await recording.stopSession(values.stopTimeout);
    }
    if (stopped !== undefined) {
      capture.window.seconds ??= rounded((stopped - (began ?? stopped)) / 1000);
      if (clock.monotonicMs() - stopped > 1000 * values.stopTimeout) {
        await recording.untilWritten({ toTheEnd: false, limitSec: 1 })
          .catch((error) => bundle.note("error", messageOf(error)));
        if (bundle.manifest.notes.some(({ severity }) => severity === "error")) return;
        stopped = Infinity;
      }
    }
    output.progress(
      stopped !== undefined
        ? "Recorded; waiting for the command to end"
        : began !== undefined
        ? `Recording, ${Math.round(passed)} s`
        : `The command runs, ${Math.round(recording.seconds)} s`,
    );
    await clock.sleep(LOOK_MS, context.signal);
  }
  if (context.signal.aborted && recording.end === undefined) {
    recording.ended("it was interrupted");
    if (!recording.over) await recording.stopSession(values.grace);
    await recording.untilWritten({ toTheEnd: false, limitSec: values.grace })
      .catch((error) => bundle.note("error", messageOf(error)));
    return;
  }
  recording.ended(
    task.by === "clock" && values.duration !== undefined &&
      recording.seconds >= (values.delay ?? 0) + values.duration
      ? "the seconds had passed"
      : talk.rangeEnded
      ? "the call had ended"
      : "the command had ended",
  );
}
