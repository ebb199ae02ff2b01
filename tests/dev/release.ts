/**
 * `./dev release`: all files of a release, in `dist/release`: vscope for each system, the bill of
 * materials, the licences of what it holds, the changes since the tag before, and the checksums of
 * these. Signing and publishing are the work of the forge (.github/workflows/release.yml).
 *
 * With `--dry-run`, and no target, it makes what can be made without a network: the file of this
 * system, which unpacks itself where the runtime part of the compiled one cannot be downloaded.
 *
 * @module
 */

import { VERSION } from "../../kit/contract/version.ts";
import { splitTargets, targetsNamed } from "./build_arguments.ts";
import { buildTarget, compile } from "./compile.ts";
import { ROOT, say } from "./run.ts";
import { hashOf } from "./stage.ts";
import { fileOf, type Target, targetHere, TARGETS } from "./targets.ts";
import { billOfMaterials, notices, packages } from "./third_party.ts";

const USAGE = "Usage: ./dev release --dry-run [--target SYSTEM]…, or " +
  `./dev release --tag v${VERSION} --target SYSTEM…; SYSTEM is one of ` +
  [...TARGETS.map(({ name }) => name), "all"].join(", ");

/** What is to be released; a sentence where the arguments do not say. */
export function releaseAsked(args: readonly string[]): { targets: Target[] } | string {
  const split = splitTargets(args);
  const targets = split && targetsNamed(split.names);
  if (!split || !targets) return USAGE;
  const [how, tag, ...more] = split.rest;
  if (how === "--dry-run" && tag === undefined) return { targets };
  if (how !== "--tag" || tag === undefined || more.length > 0 || targets.length === 0) return USAGE;
  return tag === `v${VERSION}`
    ? { targets }
    : `Cannot release "${tag}": the version of this checkout is ${VERSION}; tag it v${VERSION}`;
}

/** Makes the files; returns the exit code. */
export async function release(args: string[], dist = `${ROOT}/dist/release`): Promise<number> {
  const asked = releaseAsked(args);
  if (typeof asked === "string") {
    await say(asked);
    return 2;
  }
  await Deno.remove(dist, { recursive: true }).catch(() => {});
  await Deno.mkdir(dist, { recursive: true });
  const programs = asked.targets.length > 0
    ? await compiled(asked.targets, dist)
    : await here(dist);
  if (!programs) return 1;
  const list = await packages();
  const texts: Record<string, string> = {
    "sbom.cdx.json": JSON.stringify(billOfMaterials(list), null, 2) + "\n",
    "THIRD-PARTY.txt": notices(list),
    "CHANGES.md": await changes(),
  };
  for (const [file, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${dist}/${file}`, text);
  }
  const names = [...programs, ...Object.keys(texts)];
  const sums: string[] = [];
  for (const file of names) sums.push(`${await hashOf(`${dist}/${file}`)}  ${file}\n`);
  await Deno.writeTextFile(`${dist}/SHA256SUMS`, sums.join(""));
  await say(`${dist}: ${names.join(", ")}, SHA256SUMS`);
  return 0;
}

/** The files of these systems, each compiled: nothing else is released. */
async function compiled(targets: readonly Target[], dist: string): Promise<string[] | undefined> {
  const names: string[] = [];
  for (const target of targets) {
    const name = fileOf(target, VERSION);
    const became = await compile(target, `${dist}/${name}`);
    if (became !== "compiled") {
      await say(`Cannot release ${name}: ${became}`);
      return undefined;
    }
    names.push(name);
  }
  return names;
}

/** The file of this system, whichever can be built. */
async function here(dist: string): Promise<string[] | undefined> {
  const target = targetHere();
  if (!target || await buildTarget(target, dist) !== 0) return undefined;
  const name = fileOf(target, VERSION);
  await Deno.rename(`${dist}/${fileOf(target)}`, `${dist}/${name}`);
  return [name];
}

/** What was committed since the tag before this commit; merges say nothing of their own. */
async function changes(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  // The commit that is released has its own tag by now.
  const tag = await git("describe", "--tags", "--abbrev=0", "HEAD^");
  const range = tag === undefined ? ["HEAD"] : [`${tag}..HEAD`];
  const log = await git("log", "--no-merges", "--format=- %s", ...range) ?? "";
  return `# vscope ${VERSION}\n\n${tag === undefined ? "" : `Since ${tag}:\n\n`}${log}\n`;
}
