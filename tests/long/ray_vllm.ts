/** A Python with the private engine's vLLM and Ray, whose CPU platform Ray can place. */

import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../kit/engine/private/cache.ts";
import { engine } from "../e2e/engine.ts";
import { rayPython } from "../e2e/ray.ts";

const PLATFORM = fileURLToPath(new URL("ray_cpu_platform", import.meta.url));

/** Makes it, of what is in the cache: packages are not copied. Returns the path of its Python. */
export async function rayVllmPython(): Promise<string> {
  const { python, vllm } = await engine();
  const home = `${cacheFolder(Deno.env.toObject())}/ray-vllm-test-1`;
  const made = await new Deno.Command(python, {
    args: ["-m", "venv", "--without-pip", "--clear", home],
  }).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
  const others: string[] = [];
  for (const program of [python, await rayPython()]) {
    others.push(await sitePackages(program.replace(/\/bin\/[^/]+$/, "")));
  }
  await Deno.writeTextFile(
    `${await sitePackages(home)}/others.pth`,
    [PLATFORM, ...others].join("\n") + "\n",
  );
  const script = (await Deno.readTextFile(vllm)).split("\n").slice(1).join("\n");
  await Deno.writeTextFile(`${home}/bin/vllm`, `#!${home}/bin/python\n${script}`, { mode: 0o755 });
  return `${home}/bin/python`;
}

async function sitePackages(home: string): Promise<string> {
  for await (const { name } of Deno.readDir(`${home}/lib`)) {
    if (name.startsWith("python")) return `${home}/lib/${name}/site-packages`;
  }
  throw new Error(`${home} has no Python`);
}
