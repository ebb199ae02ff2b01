/**
 * Predictions for people.
 *
 * @module
 */

import { type Batch, requestsOf, tokensOf } from "../../../sweep/predict/batch.ts";
import type { PassTime } from "../../../sweep/predict/compose.ts";
import type { Outside } from "../../../sweep/predict/operators.ts";
import { STEP_MODES } from "../../../sweep/predict/launch.ts";
import { stepTimes } from "../../../sweep/predict/prediction_json.ts";
import type { Predictor } from "../../../sweep/predict/predictor.ts";
import { textTable } from "../../analyze/text_table.ts";

/** Queries outside of the tables that are told one by one. */
const TOLD = 6;

/** One batch layer by layer, several a line each; then what is to be known of them. */
export async function predictionText(
  predictor: Predictor,
  batches: readonly Batch[],
  passes: readonly PassTime[],
): Promise<string> {
  const parts = batches.length === 1
    ? [await oneBatch(passes[0]!), ...asSteps(predictor, batches[0]!, passes[0]!)]
    : [await manyBatches(predictor, batches, passes)];
  const missing = new Set(passes.flatMap(({ missing }) => missing));
  if (missing.size > 0) {
    parts.push(`Not in the times, because the sweep has none of them: ${[...missing].join(", ")}`);
  }
  const outside = new Map(
    passes.flatMap((pass) => pass.outside)
      .map((note) => [JSON.stringify(note), note]),
  );
  const told = [...outside.values()].slice(0, TOLD).map(outsideText);
  if (outside.size > TOLD) told.push(`… and ${outside.size - TOLD} more`);
  if (told.length > 0) parts.push(["Extrapolated:", ...told].join("\n  "));
  for (const note of predictor.notes) parts.push(`Note: ${note}`);
  return parts.join("\n\n");
}

/** The batch as a step, in each way of running the model that the sweep knows. */
function asSteps(predictor: Predictor, batch: Batch, pass: PassTime): string[] {
  const lines = stepTimes(predictor, batch, pass).map(({ graph, timeUs }) =>
    `  ${graph}: ${(timeUs / 1000).toFixed(3)} ms`
  );
  return lines.length === 0
    ? []
    : [["As a step, with launches and what else it takes:", ...lines].join("\n")];
}

async function oneBatch(pass: PassTime): Promise<string> {
  const rows = pass.layers.map(({ layer, table, calls, ns }) => [
    layer,
    table,
    calls,
    us(ns),
    us(ns * calls),
    `${(100 * ns * calls / pass.ns).toFixed(1)} %`,
  ]);
  const title = `${(pass.ns / 1e6).toFixed(3)} ms` + expertsText(pass);
  return `${title}\n\n` +
    await textTable(["layer", "table", "calls", "µs a call", "µs in all", "share"], rows);
}

function expertsText({ experts }: PassTime): string {
  return experts
    ? `, with ${experts.activatedExperts.toFixed(1)} experts in use in each block`
    : "";
}

async function manyBatches(
  predictor: Predictor,
  batches: readonly Batch[],
  passes: readonly PassTime[],
): Promise<string> {
  const modes = STEP_MODES.filter((mode) => predictor.launches?.modes[mode] !== undefined);
  const rows = batches.map((batch, place) => {
    const pass = passes[place]!;
    const attention = pass.layers.filter(({ table }) => table === "attention")
      .reduce((total, { ns, calls }) => total + ns * calls, 0);
    return [
      String(batch.id ?? place + 1),
      requestsOf(batch),
      tokensOf(batch),
      (pass.ns / 1e6).toFixed(3),
      ...modes.map((mode) => {
        const step = stepTimes(predictor, batch, pass).find((found) => found.mode === mode);
        return step ? (step.timeUs / 1000).toFixed(3) : "";
      }),
      `${(100 * attention / pass.ns).toFixed(1)} %`,
      pass.outside.length > 0 ? "extrapolated" : "",
    ];
  });
  const steps = modes.map((mode) => `${mode} step ms`);
  return await textTable(["batch", "requests", "tokens", "ms", ...steps, "attention", ""], rows);
}

function outsideText({ table, axis, value, from, to }: Outside): string {
  return `${table}: ${axis} ${Number(value.toFixed(1))} is outside of ${from} to ${to}`;
}

function us(ns: number): string {
  return (ns / 1000).toFixed(3);
}
