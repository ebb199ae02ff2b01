/**
 * A tool of NVIDIA's around its target, from start to end.
 *
 * @module
 */

import type { ProcessEnd, RunContext, RunningProcess } from "../../contract/context.ts";
import type { OpenCapture } from "../capture_run.ts";
import { writeHooks } from "../python/hooks_package.ts";
import { HOOKS_FOLDER } from "../session/session_options.ts";
import { CONTROL } from "../torch/offline_plan.ts";
import type { FollowedTool } from "./followed_tool.ts";
import type { Plants } from "./secrets.ts";
import type { TargetTask } from "./target.ts";
import type { TargetTalk } from "./target_talk.ts";

/** A tool that runs around a target. */
export interface ToolRun extends FollowedTool {
  readonly bundle: OpenCapture;
  readonly task: TargetTask;
  readonly talk: TargetTalk;
  /** Seconds that it may take to end. */
  readonly values: { grace: number };
}

/** Does something while the hook of a program is in the bundle, and the secret beside the tool lives. */
export async function besideHooks(
  context: RunContext,
  out: string,
  { by, plants }: { by: string; plants: Plants },
  work: () => Promise<void>,
): Promise<void> {
  const { files } = context;
  if (by === "hook") {
    await files.mkdir(`${out}/${CONTROL}`);
    await writeHooks(files, `${out}/${HOOKS_FOLDER}`);
  }
  const neighbour = await plants.neighbour(context);
  try {
    await work();
  } finally {
    await neighbour.end(0);
    for (const folder of [CONTROL, HOOKS_FOLDER]) {
      await files.remove(`${out}/${folder}`, { recursive: true }).catch(() => {});
    }
  }
}

/** Runs the tool with its target, while `during` guides it; gives how it ended. */
export async function runAround(
  run: ToolRun,
  { argv, env, verbose }: {
    argv: readonly string[];
    env: Readonly<Record<string, string>>;
    verbose: boolean;
  },
  during: (process: RunningProcess, logPath: string) => Promise<void>,
): Promise<ProcessEnd> {
  let work: Promise<void> | undefined;
  const { end } = await run.bundle.run({
    argv,
    env,
    inherit: false,
    graceMs: 1000 * run.values.grace,
    // A server's log would hide the progress; it is in the bundle.
    ...(run.task.server ? { echo: verbose ? "stderr" as const : "none" as const } : {}),
    heard: (line) => run.talk.hear(line),
    mayEndFirst: true,
    during: (process, logPath) => {
      run.follow(process);
      return work = during(process, logPath);
    },
    cutShort: async () => void await work?.catch(() => {}),
  });
  return end;
}
