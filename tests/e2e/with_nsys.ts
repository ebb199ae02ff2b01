/** A real vLLM on the CPU that a stand-in of nsys can record. */

import { fileURLToPath } from "node:url";
import { inFolder } from "../folders.ts";
import { installStandIn, SECRET } from "../nsys/on_nsys.ts";
import { OFFLINE_ENV } from "./engine.ts";

/** A stand-in of nsys on PATH, and a plugin that lets vLLM talk to it as to CUDA's profiler. */
export async function withNsys(
  use: (dir: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  await inFolder(async (dir) => {
    const bin = await installStandIn(`${dir}/nsys`);
    const info = `${dir}/site/vscope_tests_cuda-1.dist-info`;
    await Deno.mkdir(info, { recursive: true });
    await Deno.copyFile(
      fileURLToPath(new URL("../nsys/cuda/plugin.py", import.meta.url)),
      `${dir}/site/vscope_tests_cuda.py`,
    );
    await Deno.writeTextFile(`${info}/METADATA`, "Name: vscope-tests-cuda\nVersion: 1\n");
    await Deno.writeTextFile(
      `${info}/entry_points.txt`,
      "[vllm.general_plugins]\nvscope_tests_cuda = vscope_tests_cuda:activate\n",
    );
    await use(dir, {
      ...OFFLINE_ENV,
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      PYTHONPATH: `${dir}/site`,
      HF_TOKEN: SECRET,
    });
  });
}
