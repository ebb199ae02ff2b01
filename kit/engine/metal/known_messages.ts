/**
 * What vllm-metal and Metal say when a capture does not start, and what it means.
 *
 * @module
 */

import { unsecret } from "../../bundle/unsecret.ts";

/** How a server is started that can be captured from. */
export const RESTART =
  "restart it with MTL_CAPTURE_ENABLED=1 and --profiler-config.profiler=torch " +
  "--profiler-config.torch_profiler_dir=DIR";

const MEANINGS: readonly { said: RegExp; means: string }[] = [
  {
    said: /MTL_CAPTURE_ENABLED|Capture layer is not inserted/,
    means: "the server was started without MTL_CAPTURE_ENABLED=1; Metal reads it once, when the " +
      "process starts: restart the server with it, or let vscope metal start the server",
  },
  {
    said: /delay_iterations|max_iterations|WorkerProfiler\.step/,
    means: "the server was started with delay_iterations or max_iterations, which vllm-metal " +
      "refuses because its worker counts no steps for the profiler: restart it without them",
  },
  {
    said: /requires profiler_config\.torch_profiler_dir/,
    means: "the server was started without a folder for traces: restart it with " +
      "--profiler-config.torch_profiler_dir=DIR",
  },
  {
    said: /Profiling is not enabled/,
    means: "the server was started without a profiler: restart it with " +
      "--profiler-config.profiler=torch --profiler-config.torch_profiler_dir=DIR",
  },
];

/** vLLM logs a profiler that cannot start as a warning, and answers 200 all the same. */
const FAILED_START = /Failed to start profiler: (.*)/;

/** What is known about a reply or some lines of a log; undefined where they say nothing. */
export function meaningOf(lines: readonly string[]): string | undefined {
  return MEANINGS.find(({ said }) => lines.some((line) => said.test(line)))?.means;
}

/** Why Metal did not begin, as the log has it. */
export function failedStart(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const reason = FAILED_START.exec(line)?.[1];
    if (reason !== undefined) return unsecret(reason.trim().slice(0, 300)) || "no reason given";
  }
  return undefined;
}

/** Why a second capture of one server leaves nothing. */
export const SECOND_IGNORED =
  "vllm-metal before September 2026 keeps the name of a server's first trace, Metal does not write " +
  "over a trace that is there, and the profiler stays off: update vllm-metal, or take one capture " +
  "per server (--captures 1)";
