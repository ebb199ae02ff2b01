/**
 * `--events ndjson`: a run as it goes, one JSON document a line, for programs that wait for it.
 *
 * Every line has `event` and `at` (UTC, ISO 8601). The first is `begin` and the last is `end`, whatever
 * way the run went; between them come `note`, `warning`, `error`, `detail`, `progress`, `output` (a line that the
 * profiled command printed) and what a recipe adds, as `stage`. Messages go to stderr as well.
 *
 * @module
 */

import type { Clock, Output } from "./context.ts";

/** A progress event is written this seldom: progress itself may change with every row. */
const PROGRESS_EVERY_MS = 1000;

/**
 * An output whose standard output is a stream of events.
 *
 * @param outer Where messages for people go, and the lines of standard output.
 * @param clock Gives the times of the events.
 */
export function eventOutput(outer: Output, clock: Clock): Output {
  let lastProgress = -Infinity;
  let lastPart: string | undefined;
  const event = (name: string, facts: Readonly<Record<string, unknown>>) =>
    outer.result(JSON.stringify({ event: name, at: clock.now().toISOString(), ...facts }));
  /** A message that programs get as well as the person. */
  const both = (name: string, told: (message: string) => void) => (message: string) => {
    event(name, { message });
    told(message);
  };
  return {
    event,
    color: outer.color,
    get gone() {
      return outer.gone ?? false;
    },
    // What a run prints while it goes is the command's own output.
    result: (line) => event("output", { line }),
    note: both("note", (message) => outer.note(message)),
    warn: both("warning", (message) => outer.warn(message)),
    error: both("error", (message) => outer.error(message)),
    detail: both("detail", (message) => outer.detail(message)),
    progress(message, facts) {
      outer.progress(message, facts);
      const now = clock.monotonicMs();
      const part = facts && `${facts.event} ${facts.part ?? ""}`;
      if (part === lastPart && now - lastProgress < PROGRESS_EVERY_MS) return;
      lastProgress = now;
      lastPart = part;
      event("progress", { message, ...(facts ? { facts } : {}) });
    },
  };
}
