/**
 * What the machine computes with.
 *
 * @module
 */

import type { RunContext } from "../contract/context.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { onPath } from "./python_of.ts";

/** GPUs as nvidia-smi lists them, and the CPU. What cannot be asked is absent. */
export async function listDevices(
  context: RunContext,
): Promise<{ devices: Manifest["devices"]; driver?: string }> {
  const devices: Manifest["devices"] = [];
  let driver: string | undefined;
  if (await onPath(context, "nvidia-smi")) {
    const query = "--query-gpu=name,memory.total,driver_version";
    const listed = await context.processes
      .capture(["nvidia-smi", query, "--format=csv,noheader,nounits"], { timeoutMs: 20_000 })
      .catch(() => undefined);
    for (const line of listed?.code === 0 ? listed.stdout.trim().split("\n") : []) {
      const [name = "", mebibytes = "", version] = line.split(", ");
      const memory = Number(mebibytes) * 2 ** 20;
      devices.push({ kind: "gpu", name, ...(memory > 0 ? { memory_bytes: memory } : {}) });
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

async function cpuName(context: RunContext): Promise<string> {
  try {
    const text = await context.files.readTextFile("/proc/cpuinfo");
    return /^model name\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? Deno.build.arch;
  } catch {
    return Deno.build.arch;
  }
}
