/**
 * The guards of a frame capture.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { messageOf } from "../../contract/errors.ts";
import type { GuardRecord, MetalEstimate } from "../../bundle/metal_record.ts";
import { requireFreePort } from "../system/free_port.ts";
import { diskGuard } from "../mac/disk_guard.ts";
import type { Guard } from "../mac/guard.ts";
import { platformGuard, xcodeGuard } from "../mac/mac_guards.ts";
import { requireProfiler } from "../server/profile_control.ts";
import { onPath, type PythonFacts, pythonFacts, pythonOf, unwrapped } from "../python/python_of.ts";
import { RESTART } from "./known_messages.ts";
import { fractionWarning, type MetalValues, SAFE_FRACTION } from "./options.ts";
import type { MetalTask } from "./task.ts";

/** All guards of a task, in the order in which they are told. */
export function metalGuards(
  task: MetalTask,
  estimate: MetalEstimate,
  values: MetalValues,
  env: Readonly<Record<string, string>>,
  learn: (facts: PythonFacts) => void,
): Guard[] {
  const need = { expected: estimate.expected_bytes, upper: estimate.upper_bytes };
  const { process, port, host = "127.0.0.1", baseUrl } = task;
  return [
    platformGuard,
    xcodeGuard,
    diskGuard(task.traceDir, need),
    memoryGuard(task, env),
    ...(process ? [engineGuard(process.argv, values.python, learn)] : []),
    ...(task.form === "server" ? [portGuard(host, port!)] : []),
    ...(task.form === "attach" ? [serverGuard(baseUrl!)] : []),
  ];
}

/** How much of the memory Xcode has to allocate again. */
function memoryGuard(task: MetalTask, env: Readonly<Record<string, string>>): Guard {
  return (): Promise<GuardRecord> => {
    const name = "memory";
    const paged = env["VLLM_METAL_USE_PAGED_ATTENTION"] ?? "1";
    const fraction = task.memoryFraction;
    if (fraction !== undefined && fraction !== "auto" && paged !== "1") {
      return Promise.resolve({
        name,
        outcome: "refused",
        found: `VLLM_METAL_USE_PAGED_ATTENTION is "${paged}", and vllm-metal takes a memory ` +
          "fraction only with paged attention",
        remedy: "unset it",
      });
    }
    const warning = fractionWarning(fraction);
    return Promise.resolve(
      warning === undefined
        ? { name, outcome: "ok", found: `VLLM_METAL_MEMORY_FRACTION is ${fraction}` }
        : {
          name,
          outcome: fraction === undefined ? "unknown" : "warning",
          found: warning,
          remedy: `start the engine with VLLM_METAL_MEMORY_FRACTION=${SAFE_FRACTION}`,
        },
    );
  };
}

/** vLLM and vllm-metal in the Python that will run. */
function engineGuard(
  argv: readonly string[],
  named: string | undefined,
  learn: (facts: PythonFacts) => void,
): Guard {
  return async (context): Promise<GuardRecord> => {
    const name = "engine";
    const program = unwrapped(argv)[0] ?? "";
    if (await onPath(context, program) === undefined) {
      return {
        name,
        outcome: "refused",
        found: `there is no program "${program}"`,
        remedy: "install vllm-metal and activate its environment, or correct the name",
      };
    }
    const python = named ?? await pythonOf(context, argv);
    if (python === undefined) {
      return {
        name,
        outcome: "unknown",
        found: `which Python "${argv[0]}" runs with cannot be told`,
        remedy: "name it with --python",
      };
    }
    const facts = await pythonFacts(context, python);
    if (!facts) {
      return {
        name,
        outcome: "refused",
        found: `the Python "${python}" cannot be started`,
        remedy: "give another with --python",
      };
    }
    learn(facts);
    const { vllm, vllm_metal, executable } = facts;
    if (!facts.vllm_location || !vllm_metal) {
      const lacks = facts.vllm_location ? "vLLM and no vllm-metal" : "no vLLM";
      return {
        name,
        outcome: "refused",
        found: `the Python "${executable}" has ${lacks}`,
        remedy: "install vllm-metal with its installer, or name another Python with --python",
      };
    }
    return { name, outcome: "ok", found: `vLLM ${vllm}, vllm-metal ${vllm_metal}` };
  };
}

function portGuard(host: string, port: number): Guard {
  return (): Promise<GuardRecord> => {
    try {
      requireFreePort("metal", host, port);
      return Promise.resolve({ name: "port", outcome: "ok", found: `${port} is free` });
    } catch (error) {
      return Promise.resolve({
        name: "port",
        outcome: "refused",
        found: messageOf(error).replace(/^Cannot run metal: /, ""),
      });
    }
  };
}

/** Whether the server of --url answers, and has a profiler. */
function serverGuard(baseUrl: string): Guard {
  return async (context): Promise<GuardRecord> => {
    const name = "server";
    try {
      await requireProfiler(context, baseUrl, RESTART);
      return { name, outcome: "ok", found: `${baseUrl} answers and has a profiler` };
    } catch (error) {
      return { name, outcome: "refused", found: messageOf(error) };
    }
  };
}

/** The Python of a command without a server: the named one, that of vllm, or any. */
export async function offlinePython(
  context: RunContext,
  named: string | undefined,
): Promise<string> {
  return named ?? await pythonOf(context, ["vllm"]) ?? "python3";
}
