/**
 * Ctrl-C while jobs are on a cluster: they go on, or are stopped.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";

/** What is done with jobs. */
export type JobsLeft = "leave" | "stop";

/** Asks at a terminal, where nothing was said before; without one, or upon a second Ctrl-C, they are left running. */
export async function askWhatToDo(
  { terminal }: Pick<RunContext, "terminal">,
  wanted: "ask" | JobsLeft,
  live: number,
): Promise<JobsLeft> {
  if (wanted !== "ask") return wanted;
  if (live === 0 || !terminal) return "leave";
  const question = `${live} ${live === 1 ? "job is" : "jobs are"} on the cluster.\r\n\r\n` +
    "  l  leave them running: the same command goes on with them\r\n" +
    "  s  stop them: what they have measured is kept\r\n";
  return await new Promise((resolve) => {
    const screen = terminal.open({ key, resized: draw });
    draw();
    function draw(): void {
      terminal!.write(`\x1b[2J\x1b[H${question}`);
    }
    function key(text: string): void {
      const answer = /[ls\r\n]/i.exec(text)?.[0].toLowerCase();
      if (answer === undefined) return;
      screen.close();
      resolve(answer === "s" ? "stop" : "leave");
    }
  });
}
