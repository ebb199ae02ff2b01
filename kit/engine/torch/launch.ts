/**
 * `vscope torch -- vllm serve …`: a server with its profiler configured, recorded, and ended.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { runCapture } from "../capture_run.ts";
import { requireFreePort } from "../system/free_port.ts";
import { requireProfiler } from "../server/profile_control.ts";
import { pythonOf } from "../python/python_of.ts";
import { waitUntilHealthy } from "../server/readiness.ts";
import { servedModel } from "../server/served.ts";
import { requireVllm } from "../python/require_vllm.ts";
import { readVllmCommand } from "../server/vllm_command.ts";
import { benchArgv, commandLoad } from "../load/command_load.ts";
import { configureProfiler } from "./configure.ts";
import { foreignLoad, type Load, ownLoad } from "../load/load.ts";
import type { TorchValues } from "./options.ts";
import { emptyCapture, tellTranslation, traceFolder, wishOf } from "./plan.ts";
import { profilerFacts } from "./profiler_facts.ts";
import { readPrompts } from "../load/prompts_file.ts";
import { record } from "./record.ts";
import { profilerConfigOf, withProfilerConfig, workersOf } from "./server_command.ts";

/**
 * Runs the plan of a server.
 *
 * @throws {UsageError} when its Python has no vLLM, its port is taken, or the prompts cannot be read.
 */
export async function runLaunched(
  context: RunContext,
  plan: Plan<Options> & { values: TorchValues },
): Promise<Outcome> {
  const { values, invocation } = plan;
  const { command } = invocation;
  const named = values.python ?? await pythonOf(context, command);
  const python = await requireVllm(context, "torch", command, named);
  const { host = "127.0.0.1", port = NaN } = readVllmCommand(command);
  requireFreePort("torch", host, port);
  const prompts = values.prompts === undefined
    ? undefined
    : await readPrompts(context.files, values.prompts, values.outputTokens);
  const facts = await profilerFacts(context, named);
  const setup = configureProfiler(wishOf(plan), facts);
  tellTranslation(context, plan, setup, python?.vllm);
  const argv = setup.config ? withProfilerConfig(command, setup.config) : [...command];
  const env = { ...setup.env };
  const own = profilerConfigOf(argv);
  const traceDir = traceFolder(plan, own);
  const baseUrl = `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host}:${port}`;
  const capture = emptyCapture("server", values);
  return await runCapture(context, {
    recipe: "torch",
    plan: { ...plan, processes: [{ name: "vllm", argv, env }] },
    python,
    async capture(bundle) {
      bundle.manifest.capture = capture as unknown as Record<string, unknown>;
      for (const message of setup.missing) bundle.note("warning", message);
      await context.files.mkdir(traceDir, { recursive: true });
      let work: Promise<void> | undefined;
      await bundle.run({
        argv,
        env,
        graceMs: 1000 * values.grace,
        // A server's log would hide the progress; it is in the bundle.
        echo: invocation.common.verbose ? "stderr" : "none",
        during: (process, logPath) =>
          work = (async () => {
            const timeoutMs = 1000 * values.startTimeout;
            await waitUntilHealthy(context, process, { baseUrl, logPath, timeoutMs });
            const routes = await requireProfiler(
              context,
              baseUrl,
              "look into logs/stderr.log for how vLLM read its command line",
            );
            const load = await loadOf(context, plan, baseUrl, prompts);
            capture.load = load.name;
            await record(context, bundle, {
              baseUrl,
              values,
              traceDir,
              load,
              capture,
              expected: {
                workers: workersOf(argv),
                frontend: own["ignore_frontend"] === undefined
                  ? undefined
                  : own["ignore_frontend"] !== true,
              },
              startFields: routes.fields,
              bounded: true,
              pid: process.pid,
            });
          })(),
        cutShort: async () => void await work?.catch(() => {}),
      });
    },
  });
}

/** The load that the options ask for. */
async function loadOf(
  context: RunContext,
  { values, out, invocation }: Plan<Options> & { values: TorchValues },
  baseUrl: string,
  prompts: Awaited<ReturnType<typeof readPrompts>> | undefined,
): Promise<Load> {
  if (values.bench !== undefined) {
    const served = await servedModel(baseUrl, {
      apiKey: values.apiKey,
      signal: context.signal,
    });
    return commandLoad(context, out, benchArgv(invocation.command, baseUrl, values.bench, served));
  }
  if (!values.load) return foreignLoad(context, baseUrl, values);
  return ownLoad(context, out, baseUrl, values, prompts);
}
