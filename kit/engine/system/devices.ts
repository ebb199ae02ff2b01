/**
 * What the machine computes with.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import type { Manifest } from "../../bundle/manifest.ts";
import { onPath } from "../python/python_of.ts";

const ALWAYS = ["name", "memory.total", "driver_version"];

/** What a device is set to; the clocks of the moment, before the run, say nothing of it. */
const CLOCKS: Readonly<Record<string, string>> = {
  max_sm_mhz: "clocks.max.sm",
  max_memory_mhz: "clocks.max.memory",
  application_sm_mhz: "clocks.applications.graphics",
  power_limit_w: "power.limit",
};

/** GPUs as nvidia-smi lists them, and the CPU. What cannot be asked is absent. */
export async function listDevices(
  context: RunContext,
): Promise<{ devices: Manifest["devices"]; driver?: string }> {
  const devices: Manifest["devices"] = [];
  let driver: string | undefined;
  if (await onPath(context, "nvidia-smi")) {
    // A driver that does not know one of the clocks answers nothing.
    const listed = await ask(context, [...ALWAYS, ...Object.values(CLOCKS)]) ??
      await ask(context, ALWAYS);
    for (const line of listed ?? []) {
      const [name = "", mebibytes = "", version, ...rates] = line.split(", ");
      const memory = Number(mebibytes) * 2 ** 20;
      const clocks = Object.fromEntries(
        Object.keys(CLOCKS).map((clock, place) => [clock, parseFloat(rates[place] ?? "")])
          .filter(([, rate]) => Number.isFinite(rate)),
      );
      devices.push({
        kind: "gpu",
        name,
        ...(memory > 0 ? { memory_bytes: memory } : {}),
        ...(Object.keys(clocks).length > 0 ? { clocks } : {}),
      });
      driver = version;
    }
  }
  devices.push({
    kind: "cpu",
    name: await cpuName(context),
    count: navigator.hardwareConcurrency,
    memory_bytes: Deno.systemMemoryInfo().total,
  });
  return { devices, ...(driver === undefined ? {} : { driver }) };
}

/** The lines that nvidia-smi answers; undefined where it cannot. */
async function ask(context: RunContext, fields: readonly string[]): Promise<string[] | undefined> {
  const argv = ["nvidia-smi", `--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
  const listed = await context.processes.capture(argv, { timeoutMs: 20_000 }).catch(() =>
    undefined
  );
  return listed?.code === 0 ? listed.stdout.trim().split("\n") : undefined;
}

async function cpuName(context: RunContext): Promise<string> {
  try {
    const text = await context.files.readTextFile("/proc/cpuinfo");
    return /^model name\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? Deno.build.arch;
  } catch {
    return Deno.build.arch;
  }
}
