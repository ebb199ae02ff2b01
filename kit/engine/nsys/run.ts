/**
 * `vscope nsys` from the look at the machine to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { besideHooks, runAround } from "../nvidia/around_target.ts";
import { inTheWordsOf, windowEnvironment } from "../nvidia/cuda_profiler.ts";
import { plantSecrets } from "../nvidia/secrets.ts";
import { lookAtTarget } from "../nvidia/target.ts";
import { profilerFacts } from "../torch/profiler_facts.ts";
import type { NsysCapture } from "./capture_facts.ts";
import { type Collection, collectReport } from "./collect.ts";
import { findNsys, type FoundNsys } from "./find_nsys.ts";
import type { NsysValues } from "./options.ts";
import { type NsysTask, profileArgv, readTask, targetArgv, targetVariables } from "./plan.ts";
import { recordProgram } from "./program.ts";
import { Recording } from "./recording.ts";
import { recordServer } from "./server.ts";

/** Exit code of nsys when it has ended its target itself, at the end of the duration. */
const ENDED_BY_TERM = 143;

/**
 * Runs the plan.
 *
 * @throws {UsageError} when nsys, the program or its vLLM is missing, or the port is taken.
 */
export async function runNsys<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: NsysValues },
): Promise<Outcome> {
  return await recordNsys<O>(context, plan, collectReport);
}

/**
 * Records as the plan says.
 *
 * @param collect What is done with a report once nsys has written it.
 * @throws {UsageError} as {@linkcode runNsys}.
 */
export async function recordNsys<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: NsysValues },
  collect: (context: RunContext, bundle: OpenCapture, collection: Collection) => Promise<void>,
): Promise<Outcome> {
  const { values, invocation, out } = plan;
  const { command } = invocation;
  const wished = readTask(values, invocation);
  const nsys = await findNsys(context, "nsys", values.nsys);
  if (!nsys.named) context.output.note(`nsys is not on PATH; using ${nsys.path}`);
  const { task, named, python, prompts } = await lookAtTarget(
    context,
    "nsys",
    values,
    invocation,
    wished,
  );
  const facts = Object.keys(task.config).length > 0
    ? await profilerFacts(context, named)
    : undefined;
  const told = inTheWordsOf(facts, task.config, {
    subject: "nsys",
    otherwise: "record by the clock with --delay and --duration, or all of it with " +
      "--capture-range=none",
  });
  const plants = plantSecrets(context.env, values.passEnv ?? [], command);
  const env = {
    ...plants.environment.env,
    ...targetVariables(plants.environment.env, python?.nvtx !== undefined),
    ...told.env,
    ...(task.by === "hook"
      ? windowEnvironment(plants.environment.env, out, {
        call: values.recordCall,
        config: told.config,
      })
      : {}),
  };
  const argv = profileArgv(values, task, out, nsys.path, targetArgv(command, task, told.config));
  const capture = emptyCapture(values, task, nsys);
  return await runCapture(context, {
    recipe: "nsys",
    plan: { ...plan, processes: [{ name: "nsys", argv, env: {} }] } as unknown as Plan<Options>,
    python,
    async capture(bundle) {
      bundle.manifest.capture = capture as unknown as Record<string, unknown>;
      for (const message of told.missing) bundle.note("warning", message);
      const recording = new Recording(context, bundle, values, task, nsys, capture);
      const collection = {
        nsys,
        plants,
        capture,
        keepRep: values.keepRep,
        timeoutSec: values.stopTimeout,
      };
      let collected = false;
      const once = async () => {
        if (collected) return;
        collected = true;
        if (!await recording.explainEmpty()) await collect(context, bundle, collection);
      };
      await besideHooks(context, out, { by: task.by, plants }, async () => {
        const end = await runAround(
          recording,
          { argv, env, verbose: invocation.common.verbose },
          (process, logPath) =>
            task.server
              ? recordServer({ recording, invocation, prompts, process, logPath, collect: once })
              : recordProgram(recording),
        );
        judgeEnd(recording, bundle, end);
        await once();
      });
    },
  });
}

/** Says so where nsys ended as it should not have. */
function judgeEnd(
  { values, task, talk, context }: Recording,
  bundle: OpenCapture,
  { code, signal }: { code: number; signal: string | null },
): void {
  if (context.signal.aborted) return;
  // A server was ended by us, or by nsys at the end of the duration: its code says nothing more.
  if (task.server && talk.generating && signal === null) return;
  const good = values.duration !== undefined ? [0, ENDED_BY_TERM] : [0];
  const told = bundle.manifest.notes.some(({ severity }) => severity === "error");
  if (signal !== null && !task.server || signal !== null && signal !== "SIGTERM") {
    bundle.note("error", `nsys was killed by ${signal}; the last it said:\n${talk.tail(4)}`);
  } else if (signal === null && !good.includes(code) && !told) {
    bundle.note(
      "error",
      `nsys ended with exit code ${code}, its own or that of the command; the last lines:\n` +
        talk.tail(4),
    );
  } else if (!task.server && talk.exception && talk.last.includes(talk.exception)) {
    // nsys 2025.3 ends with 0 all the same.
    bundle.note("error", `The command failed: ${talk.exception.slice(0, 200)}; see logs/`);
  }
}

function emptyCapture(values: NsysValues, task: NsysTask, nsys: FoundNsys): NsysCapture {
  const { delay, duration, maxSeconds } = values;
  return {
    by: task.by,
    load: task.server ? "" : "the program's own",
    nsys: { path: nsys.path, version: nsys.version, session: task.session },
    window: {
      ...(task.by === "clock" || task.by === "run" ? {} : { max_seconds: maxSeconds }),
      ...(delay === undefined ? {} : { delay_seconds: delay }),
      ...(duration === undefined ? {} : { duration_seconds: duration }),
    },
    steps: [],
    cuda_graphs: values.cudaGraphs,
  };
}
