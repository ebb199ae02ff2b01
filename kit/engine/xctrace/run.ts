/**
 * A recording from the guards to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf, RunError } from "../../contract/errors.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { shellWord } from "../../contract/shell_word.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { requireFreePort } from "../system/free_port.ts";
import { diskGuard } from "../mac/disk_guard.ts";
import { type Guard, passGuards } from "../mac/guard.ts";
import { platformGuard, xcodeGuard, xctraceGuard } from "../mac/mac_guards.ts";
import { onPath, pythonFacts, pythonOf, unwrapped } from "../python/python_of.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import { planRequests, sendRequests } from "../server/requests.ts";
import { servedModel } from "../server/served.ts";
import type { XctraceValues } from "./options.ts";
import { readTask, TRACE_NAME, type XctraceTask } from "./plan.ts";
import { readTrace } from "./read_trace.ts";

/**
 * xctrace's exit code when it ended a launched process itself, at the time limit or on request; the
 * trace is whole.
 */
const ENDED_TARGET = 54;

/** Runs the plan. @throws {UsageError} when a guard refuses; nothing was started then. */
export async function runXctrace<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: XctraceValues },
): Promise<Outcome> {
  const { values, out } = plan;
  const task = readTask(values, plan.invocation);
  const need = { expected: plan.diskBytes ?? 0, upper: 10 * (plan.diskBytes ?? 0) };
  const guards = await passGuards(context, "xctrace", [
    platformGuard,
    xcodeGuard,
    xctraceGuard,
    diskGuard(out, need),
    ...(task.command.length > 0 ? [programGuard(task.command)] : []),
  ]);
  if (task.server) requireFreePort("xctrace", task.server.host, task.server.port);
  const interpreter = await pythonOf(context, task.command);
  const outcome = await runCapture(context, {
    recipe: "xctrace",
    plan: plan as unknown as Plan<Options>,
    python: interpreter === undefined ? undefined : await pythonFacts(context, interpreter),
    async capture(bundle) {
      const version = (name: string) => guards.find((guard) => guard.name === name)?.version;
      const [macos, xcode] = [version("platform"), version("xctrace")];
      Object.assign(bundle.manifest.versions, macos ? { macos } : {}, xcode ? { xcode } : {});
      for (const { name, outcome: found, found: seen } of guards) {
        if (found !== "ok") bundle.note("warning", `Guard "${name}": ${seen}`);
      }
      await record(context, bundle, values, task);
      await readTrace(context, bundle, values, task);
    },
  });
  const trace = `${out}/${TRACE_NAME}`;
  if (values.open && outcome.status !== "failed") await openTrace(context, trace);
  return {
    ...outcome,
    json: { ...outcome.json, trace },
    text: outcome.status === "failed" ? out : `${out}\nopen ${shellWord(trace)}`,
  };
}

/** The program that xctrace is to launch: xctrace itself would say so late. */
function programGuard(command: readonly string[]): Guard {
  return async (context) => {
    const program = unwrapped(command)[0] ?? "";
    const place = await onPath(context, program);
    return place === undefined
      ? {
        name: "program",
        outcome: "refused",
        found: `there is no program "${program}"`,
        remedy: "correct its name, or activate its environment",
      }
      : { name: "program", outcome: "ok", found: place };
  };
}

/** Runs xctrace until its time is up, the requests are answered, or a person has had enough. */
async function record(
  context: RunContext,
  bundle: OpenCapture,
  values: XctraceValues,
  { argv, server }: XctraceTask,
): Promise<void> {
  const during = values.requests === 0 || !server ? undefined : async (
    process: Parameters<typeof waitUntilHealthy>[1],
    logPath: string,
  ) => {
    const { baseUrl } = server;
    await waitUntilHealthy(context, process, {
      baseUrl,
      logPath,
      timeoutMs: 1000 * values.startTimeout,
    });
    const { id } = await servedModel(baseUrl, { signal: context.signal });
    bundle.manifest.engine["model"] = id;
    const results = await sendRequests(
      context,
      { baseUrl, model: id, concurrency: values.concurrency },
      planRequests({ count: values.requests, seed: 1, maxPromptWords: 300, maxTokens: 96 }),
    );
    const bad = results.filter(({ ok }) => !ok);
    if (bad.length > 0) {
      throw new RunError(`${bad.length} requests failed, the first with ${bad[0]!.error}`);
    }
  };
  const { end, byItself, well } = await bundle.run({
    argv,
    env: {},
    graceMs: 5000,
    // A TERM would lose the recording; after an INT xctrace saves it.
    asked: { signal: "SIGINT", waitMs: 1000 * values.saveTimeout },
    goodCodes: [0, ENDED_TARGET],
    ...(during ? { during } : {}),
  });
  if (!byItself && !well) {
    bundle.note(
      "warning",
      `xctrace ended with ${end.signal ?? `exit code ${end.code}`} when asked to`,
    );
  }
}

async function openTrace(context: RunContext, trace: string): Promise<void> {
  try {
    const { code, stderr } = await context.processes.capture(["open", trace]);
    if (code !== 0) throw new RunError(stderr.trim() || `exit code ${code}`);
  } catch (error) {
    context.output.warn(`open ${shellWord(trace)} failed: ${messageOf(error)}`);
  }
}
