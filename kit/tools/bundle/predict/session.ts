/**
 * `vscope bundle predict --session SESSION DIR`: a session's steps against a sweep.
 *
 * @module
 */

import { settleBundle } from "../../../bundle/settle.ts";
import { UsageError } from "../../../contract/errors.ts";
import type { ToolResult } from "../../../contract/tool.ts";
import {
  compareSession,
  type SessionComparison,
  type StepClass,
} from "../../../sweep/predict/compare_session.ts";
import { type ErrorFigures, percentText } from "../../../sweep/predict/errors.ts";
import {
  openPredictor,
  type Predictor,
  type PredictorContext,
  type PredictorOptions,
} from "../../../sweep/predict/predictor.ts";
import { sessionSteps } from "../../../sweep/predict/session_steps.ts";
import {
  checkSameModel,
  machineNotes,
  sessionSubject,
} from "../../../sweep/predict/session_subject.ts";
import { textTable } from "../../analyze/text_table.ts";

/**
 * Compares.
 *
 * @throws {UsageError} where one of the folders is not what it should be, or they do not fit.
 */
export async function predictSession(
  context: PredictorContext,
  dir: string,
  session: string,
  options: Omit<PredictorOptions, "tp"> & { readonly tp?: number },
): Promise<ToolResult> {
  const manifest = await settleBundle(context.files, session);
  if (!manifest) {
    throw new UsageError(
      `Cannot compare with "${session}": it holds no bundle.json; give a session's folder`,
    );
  }
  const subject = sessionSubject(session, manifest);
  if (options.tp !== undefined && options.tp !== subject.tp) {
    throw new UsageError(
      `Cannot compare with "${session}": it ran at TP degree ${subject.tp}, and --tp says ` +
        `${options.tp}; leave --tp out`,
    );
  }
  const steps = await sessionSteps(context.files, session);
  const predictor = await openPredictor(context, dir, {
    ...(subject.blocks === undefined ? {} : { blocks: subject.blocks }),
    ...options,
    tp: subject.tp,
    ...(subject.config ? { config: subject.config } : {}),
  });
  checkSameModel(session, subject, predictor.meta, predictor.config);
  const found = compareSession(predictor, steps);
  const notes = [...predictor.notes, ...machineNotes(manifest, predictor.meta)];
  const missing = found.steps[0]?.pass.missing ?? [];
  if (missing.length > 0) {
    notes.push(`the sweep has no times of ${missing.join(", ")}: they are not in the predictions`);
  }
  if (steps.some(({ timing }) => timing === "host")) {
    notes.push("the session's times are the host's: they hold Python and launches");
  }
  return {
    exitCode: 0,
    json: comparisonJson(predictor, session, found, notes, steps.length),
    text: await comparisonText(session, found, notes, steps.length),
  };
}

function comparisonJson(
  { dir, method, tp, meta, shape, launches }: Predictor,
  session: string,
  { steps, classes, all, known, unknown, within, outside }: SessionComparison,
  notes: readonly string[],
  count: number,
): Readonly<Record<string, unknown>> {
  const us = (value: number) => Number(value.toFixed(3));
  return {
    schema_version: 1,
    bundle: dir,
    session,
    method,
    tp,
    model: meta?.values["model"] ?? null,
    num_layers: shape.blocks,
    notes,
    ...(launches ? { launch: launches } : {}),
    steps: count,
    compared: { ...known, unknown },
    ...(all ? { error: all } : {}),
    ...(within ? { error_within_grid: within } : {}),
    ...(outside ? { error_outside_grid: outside } : {}),
    classes,
    timeline: steps.map(({ step, measuredUs, predictedUs, operatorsUs, pass }) => ({
      step: step.step,
      seconds: step.seconds,
      phase: step.phase,
      graph: step.graph,
      known: step.knowledge,
      measured_us: us(measuredUs),
      predicted_us: us(predictedUs),
      operators_us: us(operatorsUs),
      extrapolated: pass.outside.length > 0,
    })),
  };
}

async function comparisonText(
  session: string,
  { steps, classes, all, known, unknown, within, outside }: SessionComparison,
  notes: readonly string[],
  count: number,
): Promise<string> {
  const parts = [
    `${session}: ${steps.length} of ${count} steps compared, ${known.requests} with every ` +
    `request known, ${known.means} with the mean of their decodes`,
  ];
  for (const [why, number] of Object.entries(unknown)) {
    parts.push(`${number} steps are left out: ${why}`);
  }
  if (classes.length > 0) {
    parts.push(
      "Predicted against measured:\n" + await textTable(
        ["steps", "", "median", "P90", "mean", "measured ms", "predicted ms", "operators ms"],
        classes.map((found) => [
          `${found.phase} ${found.graph}`.trim(),
          found.steps,
          percentText(found.error.median),
          percentText(found.error.p90),
          percentText(found.error.signed_mean, true),
          (found.measured_us / 1000).toFixed(2),
          (found.predicted_us / 1000).toFixed(2),
          (found.operators_us / 1000).toFixed(2),
        ]),
      ),
    );
    parts.push("Measured less predicted:\n  " + classes.map(differenceText).join("\n  "));
  }
  const figures = (name: string, found: ErrorFigures | undefined) =>
    found
      ? [
        `${name}: median ${percentText(found.median)}, P90 ${percentText(found.p90)}, mean ` +
        `${percentText(found.signed_mean, true)} of ${found.count} steps`,
      ]
      : [];
  parts.push([
    ...figures("All steps", all),
    ...(outside
      ? [
        ...figures("Within the grid of the sweep", within),
        ...figures("Outside of it, extrapolated", outside),
      ]
      : []),
  ].join("\n"));
  for (const note of notes) parts.push(`Note: ${note}`);
  return parts.filter((text) => text !== "").join("\n\n");
}

function differenceText({ phase, graph, steps, difference, line }: StepClass): string {
  const each = (us: number) => `${us > 0 ? "+" : ""}${(us / steps).toFixed(0)} µs`;
  const { total_us, forward_us, sampling_us } = difference;
  return `${phase} ${graph}: ${each(total_us)} a step (${each(forward_us)} in the forward pass` +
    (sampling_us === undefined ? ")" : `, ${each(sampling_us)} in sampling)`) +
    (line
      ? `; measured = ${line.constant_us.toFixed(0)} µs + ${line.factor.toFixed(2)} × predicted`
      : "");
}
