/**
 * `vscope ncu` from the look at the machine to the closed bundle.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { type OpenCapture, runCapture } from "../capture_run.ts";
import { besideHooks, runAround } from "../nvidia/around_target.ts";
import { inTheWordsOf, windowEnvironment } from "../nvidia/cuda_profiler.ts";
import type { FoundTool } from "../nvidia/find_tool.ts";
import { plantSecrets } from "../nvidia/secrets.ts";
import { lookAtTarget } from "../nvidia/target.ts";
import { profilerFacts } from "../torch/profiler_facts.ts";
import type { NcuCapture } from "./capture_facts.ts";
import { type Collection, collectReport } from "./collect.ts";
import { type EngineArguments, engineArguments, engineFacts } from "./engine_arguments.ts";
import { findNcu } from "./find_ncu.ts";
import { Measuring } from "./measuring.ts";
import type { NcuValues } from "./options.ts";
import { measureArgv, type NcuTask, readTask, targetArgv, targetVariables } from "./plan.ts";
import { measureProgram } from "./program.ts";
import { measureServer } from "./server.ts";
import { otherErrors } from "./troubles.ts";

/**
 * Runs the plan.
 *
 * @throws {UsageError} when ncu, the program or its vLLM is missing, or the port is taken.
 */
export async function runNcu<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: NcuValues },
): Promise<Outcome> {
  return await measureNcu<O>(context, plan, collectReport);
}

/**
 * Measures as the plan says.
 *
 * @param collect What is done with a report once ncu has written it.
 * @throws {UsageError} as {@linkcode runNcu}.
 */
export async function measureNcu<O extends Options>(
  context: RunContext,
  plan: Plan<O> & { values: NcuValues },
  collect: (context: RunContext, bundle: OpenCapture, collection: Collection) => Promise<void>,
): Promise<Outcome> {
  const { values, invocation, out } = plan;
  const { command } = invocation;
  const wished = readTask(values, invocation);
  const ncu = await findNcu(context, values.ncu);
  if (!ncu.named) context.output.note(`ncu is not on PATH; using ${ncu.path}`);
  const { task, named, python, prompts } = await lookAtTarget(
    context,
    "ncu",
    values,
    invocation,
    wished,
  );
  const ours = task.by === "http" || task.by === "hook";
  const facts = ours ? await profilerFacts(context, named) : undefined;
  const told = inTheWordsOf(facts, task.config, {
    subject: "ncu",
    otherwise: "a program can be measured from start to end with --capture-range none",
  });
  const engine: EngineArguments = ours
    ? engineArguments(values, command, await engineFacts(context, named))
    : { argv: [], fields: {}, notes: [], warnings: [] };
  const plants = plantSecrets(context.env, values.passEnv ?? [], command);
  const env = {
    ...plants.environment.env,
    ...targetVariables(plants.environment.env, facts?.variables),
    ...told.env,
    ...(task.by === "hook"
      ? windowEnvironment(plants.environment.env, out, {
        call: values.recordCall,
        config: told.config,
        engine: engine.fields,
      })
      : {}),
  };
  const target = targetArgv(command, task, engine, told.config);
  const argv = measureArgv(values, task, out, ncu.path, target);
  const capture = emptyCapture(values, task, ncu, engine);
  return await runCapture(context, {
    recipe: "ncu",
    plan: { ...plan, processes: [{ name: "ncu", argv, env: {} }] } as unknown as Plan<Options>,
    python,
    async capture(bundle) {
      bundle.manifest.capture = capture as unknown as Record<string, unknown>;
      for (const message of [...told.missing, ...engine.warnings]) bundle.note("warning", message);
      for (const message of engine.notes) bundle.note("info", message);
      const measuring = new Measuring(context, bundle, values, task, ncu, capture);
      await besideHooks(context, out, { by: task.by, plants }, async () => {
        const end = await runAround(
          measuring,
          { argv, env, verbose: invocation.common.verbose },
          (process, logPath) =>
            task.server
              ? measureServer({ measuring, invocation, prompts, process, logPath })
              : measureProgram(measuring),
        );
        judgeEnd(measuring, bundle, end);
        if (measuring.talk.measured > 0) capture.kernels.measured = measuring.talk.measured;
        if (!await measuring.explain()) return;
        await collect(context, bundle, {
          ncu,
          plants,
          capture,
          filter: task.filter,
          keepRep: values.keepRep,
          timeoutSec: values.stopTimeout,
        });
      });
    },
  });
}

/** Says so where ncu ended as it should not have. */
function judgeEnd(
  { task, talk, context, capture, hopeless }: Measuring,
  bundle: OpenCapture,
  { code, signal }: { code: number; signal: string | null },
): void {
  if (context.signal.aborted || hopeless) return;
  const told = bundle.manifest.notes.some(({ severity }) => severity === "error");
  if (signal !== null) {
    // One that was ended by us has been told of.
    if (!told) {
      bundle.note("error", `ncu was killed by ${signal}; the last it said:\n${talk.tail(4)}`);
    }
    return;
  }
  // A server was ended by us, and a program that measured too long: the code says nothing more.
  if (task.server || capture.window.ended === "the seconds had passed") return;
  // What ncu itself complains of is told with what it left.
  if (code === 0 || told || talk.unknownOption || talk.empty || otherErrors(talk).length > 0) {
    return;
  }
  bundle.note(
    "error",
    talk.exception
      ? `The command failed: ${talk.exception.slice(0, 200)}; see logs/`
      : `ncu ended with exit code ${code}, its own or that of the command; the last lines:\n` +
        talk.tail(4),
  );
}

function emptyCapture(
  values: NcuValues,
  task: NcuTask,
  ncu: FoundTool,
  engine: EngineArguments,
): NcuCapture {
  const { skip, count, filterMode, cudaGraphs, graphProfiling } = values;
  return {
    by: task.by,
    load: task.server ? "" : "the program's own",
    ncu: { path: ncu.path, version: ncu.version },
    kernels: {
      chosen: task.filter.words,
      ...(task.filter.regex === undefined ? {} : { regex: task.filter.regex }),
      skip,
      count,
      filter_mode: filterMode,
    },
    window: { max_seconds: values.maxSeconds },
    cache_control: values.cacheControl,
    clock_control: values.clockControl,
    cuda_graphs: cudaGraphs ? graphProfiling : "eager",
    ...(task.server && engine.argv.length > 0 ? { engine_arguments: engine.fields } : {}),
  };
}
