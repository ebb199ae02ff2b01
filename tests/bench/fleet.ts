/**
 * How long a batch takes on a fleet that is not there, beside what no plan can beat; and what the planner
 * itself takes.
 *
 * @module
 */

import { evenSeconds } from "../../kit/fleet/makespan.ts";
import { planFleet } from "../../kit/fleet/plan.ts";
import { say } from "../dev/run.ts";
import { makeBatch } from "../fleet/batches.ts";
import { NO_TROUBLES, simulate, type Simulated, type Troubles } from "../fleet/simulator.ts";

const SEEDS = [1, 2, 3];
const MODELS = 500;
/** A GPU fails once in 200 hours and is back after five minutes; one of a hundred is three times slower. */
const TROUBLES: Troubles = {
  ...{ failureHours: 200, repairSeconds: 300 },
  ...{ slow: 0.01, spread: 0.1, help: true },
};

/** The row of several runs: the middle of three. */
const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[1]!;

await say(
  `${MODELS} models at TP 1 and 2, seeds ${SEEDS.join(", ")}; each cell is the middle one.\n\n` +
    "| GPUs | troubles | jobs | s | no plan beats, s | ratio | even bound, s | failures | help " +
    "| useful |\n|---|---|---|---|---|---|---|---|---|---|",
);
for (const gpus of [1, 10, 100, 1000, 10_000]) {
  for (const [name, troubles] of [["none", NO_TROUBLES], ["some", TROUBLES]] as const) {
    const ran: (Simulated & { even: number })[] = [];
    for (const seed of SEEDS) {
      const batch = makeBatch(MODELS, seed);
      ran.push({ ...await simulate(batch, gpus, troubles, seed), even: evenSeconds(batch, gpus) });
    }
    const cell = (of: (one: typeof ran[number]) => number) => middle(ran.map(of));
    await say(
      `| ${gpus} | ${name} | ${cell(({ jobs }) => jobs)} | ${
        Math.round(cell(({ seconds }) => seconds))
      } | ${Math.round(cell((one) => one.lowerBoundSeconds))} | ${
        cell((one) => one.seconds / one.lowerBoundSeconds).toFixed(3)
      } | ${Math.round(cell(({ even }) => even))} | ${cell(({ failures }) => failures)} | ${
        cell(({ helped }) => helped)
      } | ${(100 * cell(({ useful }) => useful)).toFixed(0)} % |`,
    );
  }
}

await say("\n| models | GPUs | jobs | planned in, s | heap, MB |\n|---|---|---|---|---|");
for (const [models, gpus] of [[500, 1000], [5000, 10_000], [50_000, 10_000]] as const) {
  const batch = makeBatch(models, 1);
  const [before, start] = [Deno.memoryUsage().heapUsed, performance.now()];
  const { jobs } = await planFleet(batch, gpus);
  const seconds = (performance.now() - start) / 1000;
  const heap = (Deno.memoryUsage().heapUsed - before) / 1e6;
  await say(
    `| ${models} | ${gpus} | ${jobs.length} | ${seconds.toFixed(2)} | ${heap.toFixed(0)} |`,
  );
}
