/**
 * Turning on what an installed vLLM can measure by itself.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { boolean, duration } from "../../contract/options.ts";
import { UsageError } from "../../contract/errors.ts";
import { askPython } from "../python/ask_python.ts";
import source from "./option_facts.py" with { type: "text" };

/** Options of the recipes that set vLLM's own metrics beside theirs. */
export const vllmMetricsOptions = {
  withVllmMetrics: boolean({
    default: false,
    doc: "Turn on what vLLM measures by itself, scrape its /metrics into the bundle, and compare",
  }),
  vllmMetricsInterval: duration({
    default: 5,
    min: 1,
    max: 3600,
    doc: "Time between two scrapes of vLLM's /metrics, with --with-vllm-metrics",
  }),
};

/** What is turned on: options without a value. */
export const WANTED_OPTIONS = [
  "--cudagraph-metrics",
  "--kv-cache-metrics",
  "--enable-logging-iteration-details",
];

/** A command with vLLM's own metrics on. */
export interface MeasuringCommand {
  argv: readonly string[];
  /** Options that were added. */
  added: readonly string[];
  /** Options that this vLLM does not have. */
  missing: readonly string[];
}

/**
 * The server's command with those options that its vLLM has and the command does not say itself.
 *
 * @param python Its interpreter; undefined where it cannot be told: then nothing is added.
 * @throws {UsageError} when the command switches vLLM's statistics off.
 */
export async function withOwnMetrics(
  context: RunContext,
  argv: readonly string[],
  python: string | undefined,
): Promise<MeasuringCommand> {
  if (argv.some((word) => dashed(word) === "--disable-log-stats")) {
    throw new UsageError(
      "Cannot scrape vLLM's own metrics: the command has --disable-log-stats, with which vLLM " +
        "makes none; take one of the two back",
    );
  }
  const known = await serverOptions(context, python);
  const missing = WANTED_OPTIONS.filter((option) => !known.includes(option));
  const added = WANTED_OPTIONS.filter((option) =>
    known.includes(option) &&
    !argv.some((word) => [option, `--no-${option.slice(2)}`].includes(dashed(word)))
  );
  return { argv: [...argv, ...added], added, missing };
}

/** An option's name as vLLM's parser sees it: without its value, with dashes. */
function dashed(word: string): string {
  return word.startsWith("--") ? word.split("=")[0]!.replaceAll("_", "-") : word;
}

async function serverOptions(
  context: RunContext,
  python: string | undefined,
): Promise<readonly string[]> {
  if (python === undefined) return [];
  const path = "kit/engine/vllm_metrics/option_facts.py";
  const found = await askPython(context, python, path, source) as string[] | null | undefined;
  return found ?? [];
}
