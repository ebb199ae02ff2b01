/**
 * `vscope doctor`.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import { path } from "../contract/options.ts";
import { defineTool } from "../contract/tool.ts";
import { listDevices } from "../engine/system/devices.ts";
import { isMac, xcodeGuard, xctraceGuard } from "../engine/mac/mac_guards.ts";
import { HOW_TO_GET_NCU, installedNcu } from "../engine/ncu/find_ncu.ts";
import { HOW_TO_GET, installedNsys } from "../engine/nsys/find_nsys.ts";
import { hasPrivateEngine, privateEngineAt } from "../engine/private/install.ts";
import { onPath, pythonFacts, pythonOf } from "../engine/python/python_of.ts";

/** One thing that was looked for. */
interface Finding {
  what: string;
  found: boolean;
  detail: string;
  /** What needs it, and how to get it. */
  advice?: string;
}

/** The tool. */
const tool = defineTool({
  name: "doctor",
  summary: "what is installed here, and what each recipe would need",
  description:
    "Looks for vLLM, a private vLLM, uv, GPUs and the profilers that recipes use, and says how to " +
    "get what is missing. It starts no engine.",
  options: {
    python: path({
      env: "VSCOPE_PYTHON",
      leadsTo: "file",
      doc: "The Python to look into; without it that of vllm, or python3, on PATH",
    }),
  },
  operands: [],
  examples: [{ line: "vscope doctor", why: "before the first run" }],
  async run(values, _operands, context) {
    const findings = [
      await lookForVllm(context, values.python),
      await lookForPrivateEngine(context),
      await lookFor(context, "uv", "quickstart gets it by itself where python3 is there"),
      ...await lookForDevices(context),
      await lookForNsys(context),
      await lookForNcu(context),
      ...await isMac(context) ? await lookForXcode(context) : [],
    ];
    return {
      exitCode: 0,
      json: { schema_version: 1, findings },
      text: findings.map(({ what, found, detail, advice }) =>
        `${found ? "found  " : "missing"}  ${what.padEnd(14)} ${detail}` +
        (found || !advice ? "" : `\n${" ".repeat(25)}${advice}`)
      ).join("\n"),
    };
  },
});

export default tool;

async function lookForVllm(context: RunContext, named: string | undefined): Promise<Finding> {
  const python = named ?? await pythonOf(context, ["vllm"]) ?? "python3";
  const facts = await pythonFacts(context, python);
  const advice = "monitor needs it; quickstart brings its own";
  if (!facts) return { what: "vLLM", found: false, detail: `"${python}" cannot be run`, advice };
  const { executable, python: version, vllm, torch } = facts;
  return {
    what: "vLLM",
    found: facts.vllm_location !== undefined,
    detail: `${vllm ?? "none"} in ${executable} (Python ${version}, torch ${torch ?? "none"})`,
    advice,
  };
}

async function lookForPrivateEngine(context: RunContext): Promise<Finding> {
  return {
    what: "private vLLM",
    found: await hasPrivateEngine(context),
    detail: privateEngineAt(context.env).dir,
    advice: "quickstart makes it: 5.5 GB",
  };
}

async function lookFor(context: RunContext, program: string, advice: string): Promise<Finding> {
  const place = await onPath(context, program);
  return { what: program, found: place !== undefined, detail: place ?? "not on PATH", advice };
}

/** On PATH, or where NVIDIA's packages put it. */
async function lookForNsys(context: RunContext): Promise<Finding> {
  const advice = `nsys needs it: ${HOW_TO_GET}`;
  const found = await lookFor(context, "nsys", advice);
  const [other] = found.found ? [] : await installedNsys(context);
  return other === undefined ? found : { ...found, found: true, detail: other };
}

async function lookForNcu(context: RunContext): Promise<Finding> {
  const found = await lookFor(context, "ncu", `ncu and full need it: ${HOW_TO_GET_NCU}`);
  const [other] = found.found ? [] : await installedNcu(context);
  return other === undefined ? found : { ...found, found: true, detail: other };
}

/** What metal and xctrace need; Macs have it, or can have it. */
async function lookForXcode(context: RunContext): Promise<Finding[]> {
  const looked = [
    { what: "Xcode", record: await xcodeGuard(context) },
    { what: "xctrace", record: await xctraceGuard(context) },
  ];
  return looked.map(({ what, record: { outcome, found, remedy } }) => ({
    what,
    found: outcome === "ok",
    detail: found,
    ...(remedy === undefined ? {} : { advice: `metal and xctrace need it: ${remedy}` }),
  }));
}

async function lookForDevices(context: RunContext): Promise<Finding[]> {
  const { devices, driver } = await listDevices(context);
  const gpus = devices.filter(({ kind }) => kind === "gpu");
  const cpu = devices.find(({ kind }) => kind === "cpu");
  return [
    {
      what: "GPU",
      found: gpus.length > 0,
      detail: gpus.length > 0
        ? `${gpus.map(({ name }) => name).join(", ")} (driver ${driver ?? "unknown"})`
        : "nvidia-smi lists none",
      advice: "without one, vLLM runs on the CPU",
    },
    { what: "CPU", found: true, detail: `${cpu?.count} cores, ${cpu?.name}` },
  ];
}
