/** A real vLLM on the CPU that a stand-in of nsys can record. */

import { inFolder } from "../folders.ts";
import { installCudaPlugin } from "../nsys/cuda/install.ts";
import { installNsys } from "../nsys/on_nsys.ts";
import { SECRET } from "../nvidia/tool_machine.ts";
import { OFFLINE_ENV } from "./engine.ts";

/** A stand-in of nsys on PATH, and a plugin that lets vLLM talk to it as to CUDA's profiler. */
export async function withNsys(
  use: (dir: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    const bin = await installNsys(`${dir}/nsys`);
    await installCudaPlugin(`${dir}/site`);
    await use(dir, {
      ...OFFLINE_ENV,
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      PYTHONPATH: `${dir}/site`,
      HF_TOKEN: SECRET,
    });
  });
}
