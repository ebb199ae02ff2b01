/**
 * The stages of ncu: measuring, and reading what was measured.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import type { Options } from "../../../contract/option.ts";
import type { Plan } from "../../../contract/recipe.ts";
import { ANALYSIS_NAME } from "../../../analysis/capture/stored.ts";
import { findNcu } from "../../ncu/find_ncu.ts";
import { collectLater, keepForLater } from "../../ncu/later.ts";
import { ncuOptions } from "../../ncu/options.ts";
import { planNcu, REPORT, TABLE } from "../../ncu/plan.ts";
import { measureNcu } from "../../ncu/run.ts";
import { isKept, WAITS } from "../../nvidia/kept_recording.ts";
import { closedAs, endOf, errorsOf, holds, nested } from "../nested.ts";
import type { Automation, Stage } from "../stage.ts";

/** The bundle of ncu within that of the run. */
const NCU_FOLDER = "ncu";

const NAMES = { measure: "ncu-measure", tables: "ncu-tables" };

const TAKEN = [
  ...["kernels", "category", "skip", "count", "ncu", "python", "seed", "prompts"] as const,
  ...["keepRep", "passEnv", "grace", "apiKey"] as const,
];

/** The stages. */
export function ncuStages(automation: Automation): Stage[] {
  const { values, invocation, out } = nested(automation, "ncu", NCU_FOLDER, ncuOptions, TAKEN, {
    // Every shape of every kernel, and each a few times at most: a layer is like the next.
    filterMode: "per-launch-config",
    // A prefill and a decode step show them all, and in this mode ncu holds every launch up, measured
    // or not: 0.09 s each, seen on an H200.
    outputTokens: 2,
  });
  const plan = planNcu(values, invocation);
  const common = { bundle: NCU_FOLDER, processes: [], startsEngine: false };
  const check = async (context: RunContext) => {
    await findNcu(context, values.ncu);
  };
  const files = (...names: string[]) =>
    plan.files.filter(({ path }) => names.includes(path))
      .map(({ path, why }) => ({ path: `${NCU_FOLDER}/${path}`, why }));
  const read = async (context: RunContext) => {
    const status = await closedAs(context, out);
    return (status === "complete" || status === "partial") &&
      await holds(context, `${out}/${ANALYSIS_NAME}`) && !await isKept(context.files, out);
  };
  return [
    {
      ...common,
      name: NAMES.measure,
      title: "ncu: engine up, warm-up, load, kernels measured, engine down",
      // A start under ncu, a second for each of about a hundred shapes, and three steps held up.
      seconds: 300,
      diskBytes: 100e6,
      needs: [],
      begins: () => Promise.resolve(true),
      processes: plan.processes,
      plan: plan as unknown as Plan<Options>,
      files: files("logs/", "bundle.json"),
      check,
      done: async (context) =>
        await read(context) ||
        await isKept(context.files, out) &&
          (await holds(context, `${out}/${REPORT}.ncu-rep`) ||
            await holds(context, `${out}/${TABLE}`)),
      run: async (context) =>
        await endOf(context, await measureNcu<typeof ncuOptions>(context, plan, keepForLater), [
          WAITS,
        ]),
    },
    {
      ...common,
      name: NAMES.tables,
      title: "ncu: table, bandwidth and roofline",
      seconds: 20,
      diskBytes: 20e6,
      needs: [NAMES.measure],
      files: files(TABLE, `${REPORT}.ncu-rep`, ANALYSIS_NAME),
      check,
      done: read,
      run: async (context) => {
        const known = [WAITS, ...await errorsOf(context, out)];
        return await endOf(context, await collectLater(context, out, values, invocation), known);
      },
    },
  ];
}
