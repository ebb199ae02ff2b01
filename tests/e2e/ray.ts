/** A real Ray on this machine: installed once into the user's cache, and a small cluster of it. */

import { fileURLToPath } from "node:url";
import { findFreePort } from "../../kit/engine/free_port.ts";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { engine } from "../e2e/engine.ts";

/** Exact, so that a release of today does not fail a test of yesterday. */
const RAY = "ray[default]==2.60.0";

const SCRIPT = fileURLToPath(new URL("ray_cluster.py", import.meta.url));

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (success) return;
  throw new Error(`Cannot install Ray: ${new TextDecoder().decode(stderr).slice(-2000)}`);
}

/** Path of a Python with Ray; made with the private engine's Python, and PyPI, the first time. */
export async function rayPython(): Promise<string> {
  const home = `${cacheFolder(Deno.env.toObject())}/ray-test-1`;
  const complete = `${home}/complete`;
  if (await Deno.stat(complete).then(() => true, () => false)) return `${home}/bin/python`;
  await run((await engine()).python, ["-m", "venv", "--clear", home]);
  await run(`${home}/bin/python`, ["-m", "pip", "install", "--quiet", RAY]);
  await Deno.writeTextFile(complete, `${RAY}\n`);
  return `${home}/bin/python`;
}

/** A cluster. */
export interface RayCluster {
  /** Of its dashboard. */
  readonly url: string;
  /** `kill`: the newest node is gone at once; `add`: another one; `head`: a new head with nodes. */
  tell(command: "kill" | "add" | "head"): Promise<void>;
}

/**
 * Runs `use` with a head and `nodes` more raylets, each of which has room for a job that asks for `tiny`, or what
 * RAY_TEST_NODE of `env` says. Its workers run with `python`, where one is given.
 */
export async function withRay<T>(
  nodes: number,
  env: Record<string, string>,
  use: (cluster: RayCluster) => Promise<T>,
  python?: string,
): Promise<T> {
  const port = findFreePort();
  const child = new Deno.Command(python ?? await rayPython(), {
    args: [SCRIPT, String(port), String(nodes)],
    // Jobs inherit it: their program is run by our own Deno.
    env: { VSCOPE_DENO: Deno.execPath(), RAY_usage_stats_enabled: "0", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const said = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const heard = async (word: string) => {
    while (!text.split("\n").includes(word)) {
      const { value, done } = await said.read();
      if (done) throw new Error(`The Ray cluster ended before it said "${word}"`);
      text += value;
    }
    text = "";
  };
  const input = child.stdin.getWriter();
  try {
    await heard("up");
    return await use({
      url: `http://127.0.0.1:${port}`,
      async tell(command) {
        await input.write(new TextEncoder().encode(`${command}\n`));
        await heard(command);
      },
    });
  } finally {
    await input.close().catch(() => {});
    await said.cancel().catch(() => {});
    const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
    await child.status;
    clearTimeout(late);
  }
}
