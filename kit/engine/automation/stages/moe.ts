/**
 * The stage of the experts: a session with expert tracking, and the load in it.
 *
 * @module
 */

import type { RunContext } from "../../../contract/context.ts";
import type { Options } from "../../../contract/option.ts";
import type { Plan } from "../../../contract/recipe.ts";
import { readAnalysis } from "../../../analysis/capture/stored.ts";
import { mergeSession } from "../../../bundle/merge/merge.ts";
import {
  EXPECTED_EXPERTS,
  expertSessionOptions,
  planExperts,
} from "../../session/expert_session.ts";
import { runMonitored } from "../../session/monitored_run.ts";
import { outcomeOf } from "../../outcome.ts";
import { waitUntilHealthy } from "../../server/readiness.ts";
import { requireVllm } from "../../python/require_vllm.ts";
import { CLIENT_REQUESTS, ownLoad } from "../../load/load.ts";
import { readPrompts } from "../../load/prompts_file.ts";
import { readVllmCommand } from "../../server/vllm_command.ts";
import { readModel } from "../model.ts";
import { closedAs, endOf, holds, nested } from "../nested.ts";
import type { Automation, Stage, StageEnd } from "../stage.ts";
import { NSYS_FOLDER } from "./nsys.ts";

/** The bundle of the session within that of the run. */
const MOE_FOLDER = "moe";

/** The stage. */
export function moeStage(automation: Automation): Stage {
  const { values: asked, out: parent } = automation;
  const { values, invocation, out } = nested(
    automation,
    "moe",
    MOE_FOLDER,
    expertSessionOptions,
    ["grace"],
  );
  const plan = planExperts<typeof expertSessionOptions>(values, invocation);
  const wanted = asked.moe === true || asked.mode === "moe";
  return {
    name: "moe",
    title: "experts: engine up, warm-up, load, engine down, tables",
    seconds: 110,
    diskBytes: 20e6,
    startsEngine: true,
    needs: [],
    bundle: MOE_FOLDER,
    processes: plan.processes.map((process) => ({ ...process, name: "moe" })),
    plan: plan as unknown as Plan<Options>,
    files: plan.files.map(({ path, why }) => ({ path: `${MOE_FOLDER}/${path}`, why })),
    ...(wanted ? {} : { condition: "left out if the model has no experts" }),
    async needed(context) {
      if (wanted) {
        return { needed: true, why: asked.moe ? "--moe asks for it" : "--mode moe asks for it" };
      }
      const { experts, config } = await readModel(context, asked.model!);
      if (experts !== undefined) {
        return experts > 0
          ? { needed: true, why: `${config} has ${experts} experts a layer` }
          : { needed: false, why: `${config} has no experts` };
      }
      const categories = (await readAnalysis(context.files, `${parent}/${NSYS_FOLDER}`))
        ?.categories;
      const ran = categories?.find(({ category }) => category === "moe")?.count ?? 0;
      return ran > 0
        ? { needed: true, why: `nsys recorded ${ran} kernels of experts` }
        : { needed: false, why: "neither a config nor kernels tell of experts; --moe asks for it" };
    },
    async done(context) {
      const status = await closedAs(context, out);
      return (status === "complete" || status === "partial") &&
        await holds(context, `${out}/moe_expert_tracking/moe_summary.json`);
    },
    begins: async (context) => !await awaitsTables(context, out),
    async run(context) {
      if (await awaitsTables(context, out)) {
        const status = "complete";
        const manifest = await mergeSession(context.files, out, {
          status,
          endedAt: context.clock.now(),
        });
        return await endOf(context, outcomeOf(context, out, manifest));
      }
      return await record(context, automation, plan, values);
    },
  };
}

/** All was recorded, and then vscope was killed: the tables can still be made. */
async function awaitsTables(context: RunContext, dir: string): Promise<boolean> {
  return await holds(context, `${dir}/${CLIENT_REQUESTS}`) &&
    await closedAs(context, dir) === undefined;
}

async function record(
  context: RunContext,
  { values, serve, recipe }: Automation,
  plan: ReturnType<typeof planExperts<typeof expertSessionOptions>>,
  session: Parameters<typeof runMonitored>[1]["values"],
): Promise<StageEnd> {
  const python = await requireVllm(context, recipe, serve, values.python);
  const { host, port } = readVllmCommand(serve);
  const baseUrl = `http://${host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host}:${port}`;
  const prompts = values.prompts === undefined
    ? undefined
    : await readPrompts(context.files, values.prompts, values.outputTokens);
  const steps: NonNullable<StageEnd["steps"]> = [];
  let begun = context.clock.monotonicMs();
  const step = (name: string) => {
    const now = context.clock.monotonicMs();
    steps.push({ name, seconds: Number(((now - begun) / 1000).toFixed(3)) });
    begun = now;
  };
  const outcome = await runMonitored(context, {
    recipe: "moe",
    plan: plan as unknown as Plan<Options>,
    values: session,
    python,
    echo: false,
    expects: EXPECTED_EXPERTS,
    async during(process, logPath) {
      const timeoutMs = 1000 * values.startTimeout;
      await waitUntilHealthy(context, process, { baseUrl, logPath, timeoutMs });
      step("engine up");
      const asked = { ...values, loadTimeout: values.startTimeout };
      const load = ownLoad(context, plan.out, baseUrl, asked, prompts);
      await load.prepare?.();
      step("warm-up");
      context.output.note(`Recording (${load.name})`);
      await load.run(context.signal);
      step("load");
    },
  });
  step("engine down, tables");
  return { ...await endOf(context, outcome), steps };
}
