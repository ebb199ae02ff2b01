import assert from "node:assert/strict";
import { ROOT } from "../dev/run.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

const SCRIPTS = `${ROOT}/tests/e2e/scripts`;

/**
 * Runs a script within the private engine's Python, which has the hooks' modules and those of tests/e2e/scripts.
 *
 * @param script Its name in tests/e2e/scripts, or a whole path.
 * @param hooks Another checkout's hooks.
 * @returns The JSON document that it prints behind FOUND.
 */
export async function foundBy(
  script: string,
  args: readonly string[],
  hooks = `${ROOT}/hooks`,
  // deno-lint-ignore no-explicit-any -- a document
): Promise<any> {
  const { python } = await engine();
  const path = script.startsWith("/") ? script : `${SCRIPTS}/${script}`;
  const own = path.slice(0, path.lastIndexOf("/"));
  const { code, stdout, stderr } = await new Deno.Command(python, {
    args: [path, ...args],
    env: {
      ...OFFLINE_ENV,
      PYTHONPATH: `${hooks}:${own}:${SCRIPTS}`,
      VLLM_ENABLE_PROFILING: "0",
    },
  }).output();
  const found = /^FOUND (.*)$/m.exec(new TextDecoder().decode(stdout))?.[1];
  assert.ok(code === 0 && found, new TextDecoder().decode(stderr).slice(-4000));
  return JSON.parse(found);
}
