/** Gives a vLLM without CUDA the plugin by which a stand-in for one of NVIDIA's profilers hears of it. */

import { fileURLToPath } from "node:url";

/** Writes the plugin to a folder for PYTHONPATH. */
export async function installCudaPlugin(site: string): Promise<void> {
  const info = `${site}/vscope_tests_cuda-1.dist-info`;
  await Deno.mkdir(info, { recursive: true });
  await Deno.copyFile(
    fileURLToPath(new URL("plugin.py", import.meta.url)),
    `${site}/vscope_tests_cuda.py`,
  );
  await Deno.writeTextFile(`${info}/METADATA`, "Name: vscope-tests-cuda\nVersion: 1\n");
  await Deno.writeTextFile(
    `${info}/entry_points.txt`,
    "[vllm.general_plugins]\nvscope_tests_cuda = vscope_tests_cuda:activate\n",
  );
}
