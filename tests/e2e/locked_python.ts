/** Python environments of tests from locked lists, made once in the user's cache as the private engine is. */

import { createHash } from "node:crypto";
import { isThere } from "../../kit/contract/is_there.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { COMPILE } from "../../kit/engine/private/cpu_engine.ts";
import { installStep } from "../../kit/engine/private/install_step.ts";
import { findUv } from "../../kit/engine/private/uv.ts";
import { CLI } from "../cli.ts";
import { engine } from "./engine.ts";

/**
 * Folder of an environment with the private engine's Python and the packages of a list with checksums; made with
 * PyPI the first time.
 */
export async function lockedPython(name: string, list: string): Promise<string> {
  const text = await Deno.readTextFile(list);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const home = `${cacheFolder(Deno.env.toObject())}/${name}-test-${digest}`;
  if (await isThere(Deno, `${home}/complete`)) return home;
  const { python } = await engine();
  const own = `${home}/bin/python`;
  const { context, close } = systemContext({ quiet: false, verbose: false, color: false }, CLI);
  const step = (title: string, ...argv: string[]) =>
    installStep(context, title, argv, `${home}.log`);
  try {
    const uv = await findUv(context);
    await Deno.remove(home, { recursive: true }).catch(() => {});
    await step(`Making an environment for ${name}`, uv, "venv", "--python", python, home);
    const install = ["pip", "install", "--python", own, "--require-hashes", "--no-deps"];
    await step(`Installing ${name}`, uv, ...install, "-r", list);
    // Where Python writes no bytecode, each of its processes would compile it again.
    await step(`Compiling ${name}`, own, "-c", COMPILE);
  } finally {
    await close();
  }
  await Deno.writeTextFile(`${home}/complete`, "");
  return home;
}
