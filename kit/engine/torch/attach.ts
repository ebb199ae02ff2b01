/**
 * `vscope torch --url …`: a server that somebody else has started, recorded and left running.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Options } from "../../contract/option.ts";
import type { Outcome, Plan } from "../../contract/recipe.ts";
import { runCapture } from "../capture_run.ts";
import { requireProfiler } from "../server/profile_control.ts";
import { servedModel, servedVersion } from "../server/served.ts";
import { lookUpServer } from "./attached_server.ts";
import { benchArgv, commandLoad } from "../load/command_load.ts";
import { foreignLoad, type Load, ownLoad } from "../load/load.ts";
import type { TorchValues } from "./options.ts";
import { emptyCapture } from "./plan.ts";
import { readPrompts } from "../load/prompts_file.ts";
import { record } from "./record.ts";

/** How to start a server that can be attached to. */
const REMEDY = "start it with vllm serve MODEL --profiler-config.profiler=torch " +
  "--profiler-config.torch_profiler_dir=/some/folder " +
  "--profiler-config.torch_profiler_with_stack=false, or let vscope start it: " +
  "vscope torch -- vllm serve MODEL (before vLLM 0.16: VLLM_TORCH_PROFILER_DIR=/some/folder; a " +
  "proxy has no such route: give the engine's own address)";

/**
 * Runs the plan of an attachment.
 *
 * @throws {UsageError} when the server does not answer, has no profiler, or writes nobody knows where.
 */
export async function runAttached(
  context: RunContext,
  plan: Plan<Options> & { values: TorchValues },
): Promise<Outcome> {
  const { values } = plan;
  const baseUrl = values.url!.replace(/\/+$/, "");
  const prompts = values.prompts === undefined
    ? undefined
    : await readPrompts(context.files, values.prompts, values.outputTokens);
  const routes = await requireProfiler(context, baseUrl, REMEDY);
  const server = await lookUpServer(context, baseUrl, values.traceDir);
  const capture = emptyCapture("attached", values);
  return await runCapture(context, {
    recipe: "torch",
    plan,
    async capture(bundle) {
      bundle.manifest.capture = capture as unknown as Record<string, unknown>;
      const version = await servedVersion(baseUrl, {
        apiKey: values.apiKey,
        signal: context.signal,
      });
      if (version !== undefined) bundle.manifest.versions.vllm = version;
      const load = await loadOf(context, plan, baseUrl, prompts);
      capture.load = load.name;
      await record(context, bundle, {
        baseUrl,
        values,
        traceDir: server.traceDir,
        load,
        capture,
        expected: { workers: server.workers, frontend: server.frontend },
        startFields: routes.fields,
        bounded: false,
        pid: server.pid,
      });
    },
  });
}

async function loadOf(
  context: RunContext,
  { values, out, invocation }: Plan<Options> & { values: TorchValues },
  baseUrl: string,
  prompts: Awaited<ReturnType<typeof readPrompts>> | undefined,
): Promise<Load> {
  if (invocation.command.length > 0) return commandLoad(context, out, invocation.command);
  if (values.bench !== undefined) {
    const served = await servedModel(baseUrl, {
      apiKey: values.apiKey,
      signal: context.signal,
    });
    return commandLoad(context, out, benchArgv(["vllm", "serve"], baseUrl, values.bench, served));
  }
  if (!values.load) return foreignLoad(context, baseUrl, values);
  return ownLoad(context, out, baseUrl, values, prompts);
}
