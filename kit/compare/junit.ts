/**
 * The gate as JUnit XML: a case for each figure.
 *
 * @module
 */

import { loadJunit } from "../deps.ts";
import { tableOf } from "./figure.ts";
import type { GateDocument } from "./gate.ts";
import { changeText } from "./words.ts";

/** A regression is a failure; a figure whose noise is not known is skipped. */
export async function junitOf(gate: GateDocument): Promise<string> {
  const builder = (await loadJunit()).newBuilder();
  const suite = builder.testSuite().name("vscope bundle gate");
  for (const { subject, name, a, b } of gate.differences) {
    suite.property(`${subject} ${name}`, `${a.join(", ") || "-"} → ${b.join(", ") || "-"}`);
  }
  for (const judged of gate.judged) {
    const text = `${judged.rule}: ${changeText(judged)}`;
    const made = suite.testCase().className(`${gate.compared}.${tableOf(judged)}`)
      .name(judged.metric);
    if (judged.verdict === "regression") made.failure(text, "regression");
    else if (judged.verdict === "unknown") made.skipped().standardOutput(text);
    else made.standardOutput(`${judged.verdict}: ${text}`);
  }
  return builder.build();
}
