/**
 * Watches a session: on the terminal, as lines, as a document, and for scrapes.
 *
 * @module
 */

import { Follower } from "../../analysis/live/follow.ts";
import type { LiveSession } from "../../analysis/live/live_session.ts";
import type { RunContext, Terminal } from "../../contract/context.ts";
import { INTERRUPTED } from "../../contract/execute.ts";
import type { Outcome } from "../../contract/recipe.ts";
import { readAddress } from "../metrics/address.ts";
import { serveMetrics } from "../metrics/serve.ts";
import type { WatchValues } from "./options.ts";
import { plainLine, plainText } from "./plain.ts";
import { commandsOf, View } from "./view.ts";
import { watchJson } from "./watch_json.ts";

/** What is watched, and how. */
export interface WatchRun {
  dir: string;
  values: WatchValues;
  json: boolean;
  quiet: boolean;
}

/** Watches until the session ends, the person leaves, or Ctrl-C; a server stays after the end. */
export async function watch(context: RunContext, run: WatchRun): Promise<Outcome> {
  const { values } = run;
  const follower = new Follower(context.files, context.clock, run.dir);
  const { live } = follower;
  const server = values.listen === undefined
    ? undefined
    : serveMetrics(context, follower, readAddress("--listen", values.listen));
  try {
    if (server) context.output.note(`Metrics at ${server.url}`);
    const { terminal } = context;
    const drawn = terminal && !run.json && !values.once && !run.quiet;
    const left = drawn
      ? await onTerminal(context, follower, terminal, values)
      : await asLines(context, follower, run, server !== undefined);
    return outcome(context, run, live, left);
  } finally {
    await server?.close();
  }
}

function outcome(
  context: RunContext,
  run: WatchRun,
  live: LiveSession,
  left: "quit" | "done",
): Outcome {
  const gone = live.status === "removed";
  if (gone) {
    context.output.error(`The session's folder "${run.dir}" was removed while it was watched`);
  }
  const interrupted = context.signal.aborted && left !== "quit"
    ? INTERRUPTED[String(context.signal.reason)] ?? 1
    : undefined;
  const text = run.values.once || live.ended ? plainText(live) : undefined;
  return {
    exitCode: gone ? 1 : interrupted ?? 0,
    status: gone ? "failed" : interrupted ? "interrupted" : "complete",
    json: watchJson(live),
    ...(text === undefined || left === "quit" ? {} : { text }),
  };
}

/** A line at each interval until the session has ended. */
async function asLines(
  context: RunContext,
  follower: Follower,
  { values, json, quiet }: WatchRun,
  serving: boolean,
): Promise<"done"> {
  const { clock, signal } = context;
  await follower.catchUp();
  const { live } = follower;
  while (!values.once && !live.ended && !signal.aborted) {
    if (!json && !quiet) context.output.result(plainLine(live));
    if (context.output.gone && !serving) return "done";
    await clock.sleep(1000 * values.interval, signal);
    await follower.catchUp();
  }
  if (serving && !values.once && !signal.aborted && live.status !== "removed") {
    context.output.note("The session has ended; its metrics are served until Ctrl-C");
    await clock.sleep(2 ** 31 - 1, signal);
  }
  return "done";
}

/** The view, until it is left. */
async function onTerminal(
  context: RunContext,
  follower: Follower,
  terminal: Terminal,
  { interval }: WatchValues,
): Promise<"quit" | "done"> {
  const { clock, signal, output } = context;
  const { live } = follower;
  const view = new View(live, terminal, output.color);
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  let quit = false;
  const screen = terminal.open({
    key(text) {
      for (const command of commandsOf(text)) {
        if (!view.obey(command)) {
          quit = true;
          leave();
        }
      }
      if (!leaving.signal.aborted) view.draw();
    },
    resized: () => view.draw(true),
  });
  try {
    let ended = false;
    while (!leaving.signal.aborted) {
      await follower.look();
      if (live.status === "removed") break;
      if (live.ended && !ended) {
        ended = true;
        view.state.window = "whole";
        view.draw();
      }
      if (!view.state.paused) view.draw();
      // What there is of a long session is read without a rest.
      await clock.sleep(live.caughtUp || live.ended ? 1000 * interval : 0, leaving.signal);
    }
  } finally {
    screen.close();
    signal.removeEventListener("abort", leave);
  }
  return quit ? "quit" : "done";
}
