/**
 * `vscope quickstart`: a real vLLM, real requests, a bundle and its report, from nothing.
 *
 * @module
 */

import { RunError } from "../kit/contract/errors.ts";
import { choice, duration, integer, path } from "../kit/contract/options.ts";
import { defineRecipe, type Recipe } from "../kit/contract/recipe.ts";
import { findFreePort } from "../kit/engine/system/free_port.ts";
import { runAlone } from "../kit/engine/main.ts";
import { runMonitored } from "../kit/engine/session/monitored_run.ts";
import {
  ensurePrivateEngine,
  PRIVATE_ENGINE_BYTES,
  privateEngineAt,
} from "../kit/engine/private/install.ts";
import { ensureTinyModel, TINY_MODELS } from "../kit/engine/private/models.ts";
import { serveTinyModel } from "../kit/engine/private/serve_command.ts";
import { waitUntilHealthy } from "../kit/engine/server/readiness.ts";
import { requireVllm } from "../kit/engine/python/require_vllm.ts";
import { planRequests, type RequestResult, sendRequests } from "../kit/engine/server/requests.ts";
import { sessionOptions } from "../kit/engine/session/session_options.ts";
import { planSession } from "../kit/engine/session/session_plan.ts";
import { generateReport } from "../kit/report/generate.ts";

/**
 * The recipe.
 *
 * @example Its plan, from a program
 * ```ts
 * import assert from "node:assert/strict";
 * import { executeRecipe, systemContext } from "@vscope/vscope";
 * import quickstart from "@vscope/vscope/recipes/quickstart";
 *
 * const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
 * const args = ["--dry-run"];
 * assert.equal(await executeRecipe(quickstart, args, context), 0);
 * await close();
 * ```
 */
const recipe: Recipe = defineRecipe({
  name: "quickstart",
  summary: "a private vLLM, a tiny model, real requests, and the report",
  description:
    "Makes a CPU build of vLLM and a tiny model in your cache unless they are there, serves the " +
    "model with the session profilers, sends a few dozen real requests, and writes the report. " +
    "The first run downloads some 2 GB and takes 5.5 GB of disk; later runs take a minute.",
  options: {
    ...sessionOptions,
    python: path({
      env: "VSCOPE_PYTHON",
      leadsTo: "file",
      doc: "A Python that has vLLM, to be used instead of a private one",
    }),
    model: choice({
      choices: TINY_MODELS,
      default: "tiny-dense",
      doc: "The tiny model: a dense one, or a mixture of experts",
    }),
    requests: integer({
      default: 36,
      min: 1,
      max: 10_000,
      unit: "requests",
      doc: "Requests to send",
    }),
    concurrency: integer({
      default: 12,
      min: 1,
      max: 1000,
      unit: "requests",
      doc: "Requests under way at a time; the engine takes 8, so that some have to wait",
    }),
    seed: integer({ default: 1, min: 0, doc: "The same seed sends the same requests" }),
    startTimeout: duration({ default: 600, min: 10, doc: "How long vLLM may take to start" }),
  },
  command: "none",
  examples: [{ line: "vscope quickstart", why: "all of it, with the report at the end" }],
  plan(values, invocation) {
    const engine = privateEngineAt(invocation.env);
    const vllm = values.python ? [values.python, "-m", "vllm.entrypoints.cli.main"] : [engine.vllm];
    const model = `${engine.models}/${values.model}`;
    const plan = planSession(values, invocation, serveTinyModel(vllm, model, 0));
    return {
      ...plan,
      files: [...plan.files, { path: "client_requests.json", why: "what the client counted" }, {
        path: "report.html",
        why: "the page to look at",
      }],
      diskBytes: values.python ? 50e6 : PRIVATE_ENGINE_BYTES,
      seconds: 120,
      permissions: [...plan.permissions, "download from the Python package index, once"],
      unknown: [...plan.unknown, "the port: a free one is found when the server starts"],
    };
  },
  async run(plan, context) {
    const { values, invocation } = plan;
    const python = values.python ?? (await ensurePrivateEngine(context)).python;
    const facts = await requireVllm(context, "quickstart", [python]);
    const { models } = privateEngineAt(context.env);
    await ensureTinyModel(context, python, models, values.model);
    const port = findFreePort();
    const baseUrl = `http://127.0.0.1:${port}`;
    const argv = plan.processes[0]!.argv.map((word, place, words) =>
      words[place - 1] === "--port" ? String(port) : word
    );
    let results: RequestResult[] = [];
    const outcome = await runMonitored(context, {
      recipe: "quickstart",
      plan: { ...plan, processes: [{ ...plan.processes[0]!, argv }] },
      values,
      python: facts,
      echo: invocation.common.verbose,
      async during(process, logPath) {
        const timeoutMs = 1000 * values.startTimeout;
        await waitUntilHealthy(context, process, { baseUrl, logPath, timeoutMs });
        const { concurrency } = values;
        results = await sendRequests(
          context,
          { baseUrl, model: "tiny", concurrency },
          planRequests({
            count: values.requests,
            seed: values.seed,
            maxPromptWords: 300,
            maxTokens: 96,
          }),
        );
        await context.files.writeTextFile(
          `${plan.out}/client_requests.json`,
          JSON.stringify(results, null, 2) + "\n",
        );
        const failed = results.filter(({ ok }) => !ok);
        if (failed.length > 0) {
          throw new RunError(
            `${failed.length} requests failed, the first with ${failed[0]!.error}`,
          );
        }
      },
    });
    const report = await generateReport(context.files, plan.out);
    context.output.note(
      `${results.filter(({ ok }) => ok).length} of ${values.requests} requests answered; ` +
        `open ${report.path} in a browser`,
    );
    return { ...outcome, json: { ...outcome.json, report: report.path }, text: report.path };
  },
});

export default recipe;

if (import.meta.main) await runAlone(recipe);
