/**
 * `vscope nsys stop [SESSION]`: ends a recording from another terminal.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { duration, path } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { findNsys } from "./find_nsys.ts";
import { chooseSession, listSessions, stopArgv } from "./sessions.ts";
import { generatedIn } from "./talk.ts";

/** The tool. */
const tool = defineTool({
  name: "nsys stop",
  summary: "ends a recording of nsys, also one that vscope did not start",
  description:
    "Lists the sessions of nsys, ends the recording of one, and waits until nsys has written its " +
    "report. The vscope that recorded goes on by itself to export and analyse it.",
  options: {
    nsys: path({
      leadsTo: "file",
      doc: "The nsys to use; without it that on PATH, or the newest below /opt/nvidia",
    }),
    stopTimeout: duration({
      default: 600,
      min: 1,
      doc: "How long nsys may take to write its report",
    }),
  },
  operands: [{
    name: "SESSION",
    doc: "Name or number of a session; without it the only one, or the only one of vscope's",
    required: false,
  }],
  examples: [
    { line: "vscope nsys stop", why: "the only recording" },
    { line: "vscope nsys stop vscope-4711", why: "that one" },
  ],
  async run(values, [named], context, common) {
    const nsys = await findNsys(context, "nsys stop", values.nsys);
    const sessions = await listSessions(context, nsys.path);
    for (const { id, name, state, time } of sessions) {
      context.output.note(`session ${name} (${id}): ${state}, for ${time}`);
    }
    const session = chooseSession(sessions, named);
    context.output.note(
      `Stopping ${session.name}: nsys ends the recording and writes its report, 3 s for a small one`,
    );
    const files = await stop(context, nsys.path, session.name, values.stopTimeout);
    const text = files.length > 0 ? files.join("\n") : "nsys says that there was nothing to report";
    return {
      exitCode: files.length > 0 ? 0 : 1,
      json: { schema_version: 1, session, sessions, reports: files },
      text: common.json ? "" : text,
    };
  },
});

export default tool;

/** Stops and waits; gives the reports that nsys names. */
async function stop(
  context: RunContext,
  nsys: string,
  session: string,
  timeoutSec: number,
): Promise<string[]> {
  const start = context.clock.monotonicMs();
  const over = new AbortController();
  const telling = (async () => {
    while (!over.signal.aborted) {
      await context.clock.sleep(1000, over.signal);
      const seconds = Math.round((context.clock.monotonicMs() - start) / 1000);
      context.output.progress(`Waiting for nsys to write the report, ${seconds} s`);
    }
  })();
  try {
    const { code, stdout, stderr } = await context.processes.capture(stopArgv(nsys, session), {
      timeoutMs: 1000 * timeoutSec,
    });
    if (context.clock.monotonicMs() - start >= 1000 * timeoutSec) {
      throw new RunError(
        `nsys had not written its report after ${timeoutSec} s; give it more with --stop-timeout`,
      );
    }
    if (code !== 0) {
      throw new RunError(
        `nsys did not stop ${session}: exit code ${code} (${(stderr || stdout).trim()})`,
      );
    }
    return generatedIn(stdout.split("\n"));
  } finally {
    over.abort();
    await telling;
  }
}
