/**
 * The plan of a server that measures itself, and what scrapes it.
 *
 * @module
 */

import { VLLM_METRICS_FOLDER } from "../../bundle/vllm_metrics_files.ts";
import type { RunContext } from "../../contract/context.ts";
import { UsageError } from "../../contract/errors.ts";
import type { Options, Values } from "../../contract/option.ts";
import type { Plan } from "../../contract/recipe.ts";
import { type vllmMetricsOptions, WANTED_OPTIONS, withOwnMetrics } from "./options.ts";
import { Scraper } from "./scraper.ts";

/** Values of {@linkcode vllmMetricsOptions}. */
type MetricsValues = Values<typeof vllmMetricsOptions>;

/** The plan of a command that is watched, with what `--with-vllm-metrics` adds. */
export function planWatched<O extends Options>(
  plan: Plan<O>,
  { withVllmMetrics }: MetricsValues,
): Plan<O> {
  if (!withVllmMetrics) return plan;
  return {
    ...plan,
    files: [
      ...plan.files,
      { path: `${VLLM_METRICS_FOLDER}/`, why: "what vLLM's own /metrics said" },
    ],
    unknown: [
      ...plan.unknown,
      `which of ${
        WANTED_OPTIONS.join(", ")
      } the installed vLLM has: those are added to the command`,
    ],
  };
}

/**
 * The plan with vLLM's own measuring on, and what scrapes it every `intervalSec` seconds.
 *
 * @throws {UsageError} for what is no server, or one without statistics.
 */
export async function measuringPlan<O extends Options>(
  context: RunContext,
  kind: string,
  plan: Plan<O>,
  python: string | undefined,
  intervalSec: number,
): Promise<{ plan: Plan<O>; scrape: (baseUrl: string) => () => Promise<void> }> {
  const [process] = plan.processes;
  if (kind !== "server" || !process) {
    throw new UsageError(
      `Cannot scrape the metrics of "${plan.invocation.command.join(" ")}": only a server has ` +
        "some; use --with-vllm-metrics with vllm serve",
    );
  }
  const { argv, added, missing } = await withOwnMetrics(context, process.argv, python);
  if (added.length > 0) context.output.note(`Added to the command: ${added.join(" ")}`);
  if (missing.length > 0) {
    context.output.note(`This vLLM does not have ${missing.join(", ")}, or cannot be asked`);
  }
  return {
    plan: { ...plan, processes: [{ ...process, argv }] },
    scrape(baseUrl) {
      const scraper = new Scraper(context, {
        url: `${baseUrl}/metrics`,
        dir: plan.out,
        startedAt: plan.invocation.startedAt,
        intervalSec,
        added,
        missing,
      });
      return async () => {
        await scraper.finish();
      };
    },
  };
}
