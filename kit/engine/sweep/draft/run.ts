/**
 * `vscope sweep --draft-architecture`: has vLLM build the model, looks at it, and writes the draft.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import { messageOf, RunError, UsageError } from "../../../contract/errors.ts";
import { INTERRUPTED } from "../../../contract/execute.ts";
import { isThere } from "../../../contract/is_there.ts";
import type { Outcome, Plan } from "../../../contract/recipe.ts";
import { draftArchitecture } from "../../../sweep/draft/draft.ts";
import type { ModelTree } from "../../../sweep/draft/model_tree.ts";
import { draftEngine, draftTarget } from "../../../sweep/draft/plan.ts";
import type { ModelConfig } from "../../../sweep/model/model_config.ts";
import type { sweepOptions } from "../../../sweep/options.ts";
import { withVerbosity } from "../../../sweep/verbosity.ts";
import { lastLines } from "../../system/log_tail.ts";
import { onPath } from "../../python/python_of.ts";
import { requireVllm } from "../../python/require_vllm.ts";
import { writeRunner } from "../../python/runners.ts";
import { pythonReason } from "../python_reason.ts";

const MODULE = "vscope_model_tree";
const GRACE_MS = 15_000;

/**
 * Drafts. Needs permission to run Python, and to write where `--out` says.
 *
 * @throws {UsageError} where there is no vLLM, or the file is there already.
 * @throws {RunError} where vLLM does not build the model, or has no attention in it.
 */
export async function runDraft(
  plan: Plan<typeof sweepOptions>,
  given: RunContext,
): Promise<Outcome> {
  const { values, invocation } = plan;
  const out = draftTarget(invocation);
  const context = { ...given, output: withVerbosity(given.output, values.verbosity) };
  const { files } = context;
  const { model } = invocation.found as { model: ModelConfig };
  if (out !== undefined && !values.force && await isThere(files, out)) {
    throw new UsageError(
      `Cannot draft an architecture to "${out}": the file is there; give another --out, or --force`,
    );
  }
  const python = values.python ?? await onPath(context, "python3") ?? "python3";
  await requireVllm(context, "sweep", [], python);
  const { qkvWidth } = draftEngine(model);
  const tree = await treeOf(context, python, model);
  if (!tree) return interrupted(context);
  const { yaml, undecided } = await draftArchitecture(tree, model, qkvWidth);
  for (const text of undecided) context.output.warn(`To be looked at: ${text}`);
  if (out !== undefined) await write(context, out, yaml);
  return {
    exitCode: 0,
    status: "complete",
    json: {
      schema_version: 1,
      recipe: "sweep",
      architecture: model.modelType,
      model: model.id,
      vllm: tree.vllm,
      ...(out === undefined ? {} : { path: out }),
      yaml,
      undecided,
    },
    text: out ?? yaml.trimEnd(),
  };
}

function interrupted({ signal }: RunContext): Outcome {
  const exitCode = INTERRUPTED[String(signal.reason)] ?? 1;
  return {
    exitCode,
    status: "interrupted",
    json: { schema_version: 1, recipe: "sweep", status: "interrupted", exit_code: exitCode },
  };
}

async function write({ files }: RunContext, path: string, text: string): Promise<void> {
  try {
    await files.mkdir(path.slice(0, path.lastIndexOf("/")) || "/", { recursive: true });
    await files.writeTextFile(path, text);
  } catch (error) {
    throw new RunError(`Cannot write the draft to "${path}": ${messageOf(error)}`);
  }
}

/** The model's tree; undefined upon Ctrl-C. */
async function treeOf(
  context: RunContext,
  python: string,
  model: ModelConfig,
): Promise<ModelTree | undefined> {
  const { files, output, signal } = context;
  const work = await files.makeTempDir({ prefix: "vscope-draft-" });
  try {
    await writeRunner(files, "sweep/draft/model_tree.py", `${work}/${MODULE}.py`);
    await files.mkdir(`${work}/model`);
    await files.writeTextFile(`${work}/model/config.json`, model.text);
    const answer = `${work}/answer.json`;
    const request = { model: `${work}/model`, arguments: draftEngine(model).arguments, answer };
    await files.writeTextFile(`${work}/request.json`, JSON.stringify(request));
    output.progress(`Starting vLLM with one layer of ${model.id}`);
    const log = `${work}/log`;
    const process = await context.processes.start({
      argv: [python, "-m", MODULE, `${work}/request.json`],
      env: {
        PYTHONPATH: [work, context.env["PYTHONPATH"]].filter(Boolean).join(":"),
        HF_HUB_OFFLINE: "1",
        HF_TOKEN: undefined,
        VLLM_ENABLE_PROFILING: undefined,
      },
      stdoutPath: log,
      stderrPath: log,
      stdoutLine: (line) => output.detail(line),
      stderrLine: (line) => output.detail(line),
    });
    const stop = () => void process.end(GRACE_MS);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const { code } = await process.ended;
      if (signal.aborted) return undefined;
      const text = await files.readTextFile(answer).catch(() => undefined);
      const found: Partial<ModelTree> & { failed?: string } = text === undefined
        ? {}
        : JSON.parse(text);
      if (found.modules) return found as ModelTree;
      const why = found.failed !== undefined
        ? pythonReason(found.failed)
        : (await lastLines(files, log, 40)).findLast((line) => /error/i.test(line))?.trim() ??
          `it ended with exit code ${code}`;
      throw new RunError(`Cannot draft an architecture: vLLM does not build the model: ${why}`);
    } finally {
      signal.removeEventListener("abort", stop);
      await process.end(GRACE_MS);
    }
  } finally {
    await files.remove(work, { recursive: true }).catch(() => {});
  }
}
