/**
 * `vscope bundle predict DIR`.
 *
 * @module
 */

import { UsageError } from "../../contract/errors.ts";
import { choice, integer, path, text } from "../../contract/options.ts";
import { defineTool } from "../../contract/tool.ts";
import { type Batch, parseShape } from "../../sweep/predict/batch.ts";
import { METHODS, openPredictor } from "../../sweep/predict/predictor.ts";
import { predictionJson } from "../../sweep/predict/prediction_json.ts";
import { readBatches } from "../../sweep/predict/read_batches.ts";
import { predictSession } from "./predict/session.ts";
import { predictionText } from "./predict/text.ts";

/** The tool. */
const tool = defineTool({
  name: "bundle predict",
  summary: "the time of any batch, composed from a sweep",
  description:
    "Composes the time of a forward pass from the tables of a sweep, anybody's: chunks of prompts " +
    "with their histories, decodes with theirs, alike or not, experts. Between the points of the " +
    "tables it interpolates, beyond them it extrapolates and says so. --method reference is what " +
    "LLMServingSim reads from the same files, to the nanosecond.",
  options: {
    tp: integer({ min: 1, doc: "TP degree whose tables are read; that of the session, or 1" }),
    shape: text({
      doc:
        "The batch, as [COUNTx]NEW[+HISTORY] by commas: 512+1024,8x1+333 is a chunk and 8 decodes",
    }),
    batch: text({
      doc: "File with batches, one JSON object a line; - is standard input (docs/contract.md)",
    }),
    session: path({
      leadsTo: "folder",
      doc:
        "A session of the same model, whose steps are predicted and compared with what they took",
    }),
    method: choice({
      choices: METHODS,
      default: "interpolated",
      doc: "How times between the points are found; reference is LLMServingSim's way",
    }),
    ep: integer({ default: 1, min: 1, doc: "Ranks that the experts are spread over" }),
    model: path({
      doc: "ID, folder or config.json of the model, where that of meta.yaml is not known here",
    }),
    layers: integer({
      min: 1,
      doc: "Transformer layers, in the place of what the model's config says",
    }),
  },
  operands: [{ name: "DIR", doc: "The sweep's folder", required: true, leadsTo: "folder" }],
  examples: [
    {
      line: "vscope bundle predict perf/H200/Qwen/Qwen3-0.6B/bf16 --shape 512+1024,8x1+333",
      why: "a chunk behind 1024 tokens, beside 8 decodes",
    },
    {
      line:
        "vscope bundle predict --tp 2 --batch batches.jsonl --json perf/H200/Qwen/Qwen3-32B/bf16",
      why: "many batches",
    },
    {
      line: "vscope bundle predict --session run1 perf/H200/Qwen/Qwen3-0.6B/bf16",
      why: "predicted against measured, step by step",
    },
  ],
  async run(values, [dir = "."], context) {
    const folder = dir.replace(/(?<=.)\/+$/, "");
    const { tp, method, ep, model, layers } = values;
    const options = {
      method,
      expertRanks: ep,
      ...(model === undefined ? {} : { model }),
      ...(layers === undefined ? {} : { blocks: layers }),
    };
    if (values.session !== undefined) {
      if (values.shape !== undefined || values.batch !== undefined) {
        throw new UsageError(
          "Cannot predict: --session has batches of its own; leave out --shape and --batch",
        );
      }
      const session = values.session.replace(/(?<=.)\/+$/, "");
      const degree = tp === undefined ? {} : { tp };
      return await predictSession(context, folder, session, { ...options, ...degree });
    }
    const batches = await batchesOf(values, context.files);
    const predictor = await openPredictor(context, folder, { ...options, tp: tp ?? 1 });
    const passes = batches.map((batch) => predictor.predict(batch));
    return {
      exitCode: 0,
      json: predictionJson(predictor, batches, passes),
      text: await predictionText(predictor, batches, passes),
    };
  },
});

async function batchesOf(
  { shape, batch }: { shape?: string | undefined; batch?: string | undefined },
  files: Parameters<typeof readBatches>[0],
): Promise<readonly Batch[]> {
  if ((shape === undefined) === (batch === undefined)) {
    throw new UsageError(
      `Cannot predict: ${
        shape === undefined ? "there is no batch" : "--shape and --batch are both given"
      }` +
        "; give --shape 512+1024,8x1+333, --batch FILE or --session SESSION",
    );
  }
  return shape === undefined ? await readBatches(files, batch!) : [parseShape(shape)];
}

export default tool;
