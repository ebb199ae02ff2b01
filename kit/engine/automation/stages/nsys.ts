/**
 * The stages of nsys: the recording, its export, its analysis.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import type { Options } from "../../../contract/option.ts";
import type { Plan } from "../../../contract/recipe.ts";
import { ANALYSIS_NAME } from "../../../analysis/capture/stored.ts";
import { readManifest } from "../../../bundle/manifest_file.ts";
import type { NsysCapture } from "../../nsys/capture_facts.ts";
import { reportLeft } from "../../nsys/collect.ts";
import { findNsys } from "../../nsys/find_nsys.ts";
import { analyzeLater, exportLater, keepForLater } from "../../nsys/later.ts";
import { nsysOptions } from "../../nsys/options.ts";
import { planNsys, REPORT } from "../../nsys/plan.ts";
import { recordNsys } from "../../nsys/run.ts";
import { isKept, WAITS } from "../../nvidia/kept_recording.ts";
import { closedAs, endOf, errorsOf, holds, nested } from "../nested.ts";
import type { Automation, Stage } from "../stage.ts";

/** The bundle of nsys within that of the run. */
export const NSYS_FOLDER = "nsys";

const NAMES = { record: "nsys-record", export: "nsys-export", analysis: "nsys-analysis" };

const TAKEN = [
  ...["requests", "promptTokens", "outputTokens", "concurrency", "seed", "prompts"] as const,
  ...["cudaGraphs", "maxSeconds", "keepRep", "passEnv", "nsys", "python"] as const,
  ...["startTimeout", "stopTimeout", "grace", "apiKey"] as const,
];

/** The stages. */
export function nsysStages(automation: Automation): Stage[] {
  const { values, invocation, out } = nested(automation, "nsys", NSYS_FOLDER, nsysOptions, TAKEN);
  const plan = planNsys(values, invocation);
  const common = { bundle: NSYS_FOLDER, processes: [], startsEngine: false };
  const check = async (context: RunContext) => {
    await findNsys(context, automation.recipe, values.nsys);
  };
  return [
    {
      ...common,
      name: NAMES.record,
      title: "nsys: engine up, warm-up, load, capture, engine down",
      seconds: 110,
      diskBytes: 20e6,
      startsEngine: true,
      needs: [],
      begins: () => Promise.resolve(true),
      processes: plan.processes,
      plan: plan as unknown as Plan<Options>,
      files: of(plan.files, ["logs/", "bundle.json"]),
      check,
      done: async (context) =>
        await isExported(context, out) ||
        await isKept(context.files, out) && await reportLeft(context, out),
      run: async (context) => {
        const outcome = await recordNsys<typeof nsysOptions>(context, plan, keepForLater);
        const capture = await captureOf(context, out);
        const end = await endOf(context, outcome, [WAITS]);
        const steps = capture?.steps ?? [];
        return { ...end, ...(steps.length > 0 ? { steps } : {}) };
      },
    },
    {
      ...common,
      name: NAMES.export,
      title: "nsys: export to SQLite, environments taken out",
      seconds: 15,
      diskBytes: 100e6,
      needs: [NAMES.record],
      files: of(plan.files, [`${REPORT}.sqlite`, `${REPORT}.nsys-rep`]),
      check,
      done: async (context) => await isExported(context, out) && !await isKept(context.files, out),
      run: async (context) => {
        const known = [WAITS, ...await errorsOf(context, out)];
        return await endOf(context, await exportLater(context, out, values, invocation), known);
      },
    },
    {
      ...common,
      name: NAMES.analysis,
      title: "nsys: analysis",
      seconds: 5,
      diskBytes: 2e6,
      needs: [NAMES.export],
      files: of(plan.files, [ANALYSIS_NAME]),
      done: async (context) => {
        const status = await closedAs(context, out);
        const whole = status === "complete" || status === "partial";
        return whole && await holds(context, `${out}/${ANALYSIS_NAME}`);
      },
      run: async (context) => {
        const known = await errorsOf(context, out);
        return await endOf(context, await analyzeLater(context, out, invocation), known);
      },
    },
  ];
}

function of(
  files: Plan<Options>["files"],
  names: readonly string[],
): { path: string; why: string }[] {
  return files.filter(({ path }) => names.includes(path))
    .map(({ path, why }) => ({ path: `${NSYS_FOLDER}/${path}`, why }));
}

async function captureOf({ files }: RunContext, dir: string): Promise<NsysCapture | undefined> {
  return (await readManifest(files, dir).catch(() => undefined))?.capture as unknown as
    | NsysCapture
    | undefined;
}

async function isExported(context: RunContext, dir: string): Promise<boolean> {
  const { sqlite } = await captureOf(context, dir) ?? {};
  return sqlite !== undefined && await holds(context, `${dir}/${sqlite}`);
}
