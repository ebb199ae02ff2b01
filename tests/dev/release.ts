/**
 * `./dev release --dry-run`: everything of a release that can be made without a forge, in
 * `dist/release`: the single file of this platform, its bill of materials, the licences of what it
 * holds, the changes since the last tag, and the checksums of these.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { VERSION } from "../../kit/contract/version.ts";
import { build } from "./build.ts";
import { ROOT, say } from "./run.ts";
import { billOfMaterials, notices, packages } from "./third_party.ts";

/** Makes the files; returns the exit code. */
export async function release(args: string[], dist = `${ROOT}/dist/release`): Promise<number> {
  if (args.join() !== "--dry-run") {
    await say("Usage: ./dev release --dry-run; publishing is the work of a forge");
    return 2;
  }
  await Deno.remove(dist, { recursive: true }).catch(() => {});
  const built = await build(dist);
  if (built !== 0) return built;
  const name = `vscope-${VERSION}-${Deno.build.os}-${Deno.build.arch}`;
  await Deno.rename(`${dist}/vscope`, `${dist}/${name}`);
  const list = await packages();
  const texts: Record<string, string> = {
    "sbom.cdx.json": JSON.stringify(billOfMaterials(list), null, 2) + "\n",
    "THIRD-PARTY.txt": notices(list),
    "CHANGES.md": await changes(),
  };
  for (const [file, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${dist}/${file}`, text);
  }
  const sums: string[] = [];
  for (const file of [name, ...Object.keys(texts)]) {
    const hash = createHash("sha256").update(await Deno.readFile(`${dist}/${file}`));
    sums.push(`${hash.digest("hex")}  ${file}\n`);
  }
  await Deno.writeTextFile(`${dist}/SHA256SUMS`, sums.join(""));
  await say(`${dist}: ${name}, ${Object.keys(texts).join(", ")}, SHA256SUMS`);
  return 0;
}

/** What was committed since the last tag, newest first; merges say nothing of their own. */
async function changes(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: ROOT }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  const tag = await git("describe", "--tags", "--abbrev=0");
  const range = tag === undefined ? ["HEAD"] : [`${tag}..HEAD`];
  const log = await git("log", "--no-merges", "--format=- %s", ...range) ?? "";
  return `# vscope ${VERSION}\n\n${tag === undefined ? "" : `Since ${tag}:\n\n`}${log}\n`;
}
