/**
 * Writes `hooks/embedded.ts`, a text import and a SHA-256 for each file of the Python package,
 * `kit/engine/python/runner_files.ts`, the same for each script that recipes write into a bundle, the
 * checksums of every other text that our code imports, and the version where it is read as well.
 *
 * Text imports are not covered by deno.lock, so the checksums are. `--check` only compares.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { say } from "./run.ts";
import { staleVersions } from "./version.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Scripts that recipes write into a bundle and run, below the checkout. */
const RUNNERS = [
  "kit/engine/metal/offline_runner.py",
  "kit/engine/sweep/draft/model_tree.py",
  "kit/engine/sweep/steps/load.py",
  "kit/engine/torch/example.py",
];

/** Paths of the package's files below `hooks/`, sorted. */
export async function hookFiles(below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(`${ROOT}hooks/${below}`)) {
    const path = below + entry.name;
    if (entry.isDirectory && entry.name !== "__pycache__") {
      found.push(...await hookFiles(`${path}/`));
    }
    if (entry.isFile && !entry.name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

/** The text of `hooks/embedded.ts` as the package stands. */
export async function embeddedModule(): Promise<string> {
  const paths = await hookFiles();
  const imports: string[] = [];
  const entries: string[] = [];
  for (const [index, path] of paths.entries()) {
    const text = await Deno.readFile(`${ROOT}hooks/${path}`);
    const sha256 = createHash("sha256").update(text).digest("hex");
    imports.push(`import f${index} from "./${path}" with { type: "text" };`);
    entries.push(
      `  {\n    path: "${path}",\n    text: f${index},\n    sha256: "${sha256}",\n  },`,
    );
  }
  return `/**
 * The Python package that runs inside vLLM, file by file, each with its checksum.
 *
 * Made by \`./dev hooks\`; do not edit.
 *
 * @module
 */

${imports.join("\n")}

/** A file of the package. */
export interface EmbeddedFile {
  /** Below the folder that goes on PYTHONPATH. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly sha256: string;
}

/** Every file of the package. */
export const HOOK_FILES: readonly EmbeddedFile[] = [
${entries.join("\n")}
];
`;
}

/** The text of `kit/engine/python/runner_files.ts` as the scripts stand. */
export async function runnersModule(): Promise<string> {
  const imports: string[] = [];
  const entries: string[] = [];
  for (const [index, path] of RUNNERS.entries()) {
    const text = await Deno.readFile(`${ROOT}${path}`);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const local = path.replace("kit/engine/", "../");
    imports.push(`import r${index} from "${local}" with { type: "text" };`);
    entries.push(`  { path: "${local.slice(3)}", text: r${index}, sha256: "${sha256}" },`);
  }
  return `/**
 * The Python scripts that recipes run, each with its checksum.
 *
 * Made by \`./dev hooks\`; do not edit.
 *
 * @module
 */

import type { EmbeddedFile } from "../../../hooks/embedded.ts";
${imports.join("\n")}

/** Every script; paths are below \`kit/engine/\`. */
export const RUNNER_FILES: readonly EmbeddedFile[] = [
${entries.join("\n")}
];
`;
}

/** Modules with text imports that have checksums of their own. */
const PINNED = ["kit/engine/python/runner_files.ts", "kit/tools/self_check/texts.ts"];

/** A text import, static or not; packages are locked by deno.lock. */
const TEXT_IMPORT = /"(\.[^"]+)"(?: with |,\s*)\{\s*(?:with: \{ )?type: "text"/g;

/** Files below `kit` that another file imports as text, from the checkout, sorted. */
async function textFiles(folder = "kit"): Promise<string[]> {
  const found = new Set<string>();
  for await (const entry of Deno.readDir(`${ROOT}${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) { for (const text of await textFiles(path)) found.add(text); }
    if (!path.endsWith(".ts") || PINNED.includes(path)) continue;
    for (const [, target] of (await Deno.readTextFile(ROOT + path)).matchAll(TEXT_IMPORT)) {
      found.add(new URL(target!, `file:///${path}`).pathname.slice(1));
    }
  }
  return [...found].sort();
}

/** The text of `kit/contract/text_checksums.ts` as the files stand. */
export async function checksumsModule(): Promise<string> {
  const entries: string[] = [];
  for (const path of await textFiles()) {
    const text = await Deno.readFile(ROOT + path);
    entries.push(`  "${path}": "${createHash("sha256").update(text).digest("hex")}",`);
  }
  return `/**
 * SHA-256 of every text that vscope embeds, by its path in the checkout.
 *
 * Made by \`./dev hooks\`; do not edit.
 *
 * @module
 */

/** The checksums. */
export const TEXT_CHECKSUMS: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
}

/** The text of `kit/tools/self_check/texts.ts` as the files stand. */
export async function textsModule(): Promise<string> {
  const paths = await textFiles();
  const up = (path: string) =>
    path.startsWith("kit/") ? `../../${path.slice(4)}` : `../../../${path}`;
  return `/**
 * Every text that vscope embeds, for the check of all of them.
 *
 * Made by \`./dev hooks\`; do not edit.
 *
 * @module
 */

${paths.map((path, n) => `import t${n} from "${up(path)}" with { type: "text" };`).join("\n")}

/** The texts by their path in the checkout. */
export const TEXTS: Readonly<Record<string, string>> = {
${paths.map((path, n) => `  "${path}": t${n},`).join("\n")}
};
`;
}

/** Every module that is made, by its path below the checkout. */
export async function embeddedModules(): Promise<Record<string, string>> {
  return {
    "hooks/embedded.ts": await formatted(await embeddedModule()),
    "kit/engine/python/runner_files.ts": await formatted(await runnersModule()),
    "kit/contract/text_checksums.ts": await formatted(await checksumsModule()),
    "kit/tools/self_check/texts.ts": await formatted(await textsModule()),
  };
}

/** A module as `deno fmt` writes it. */
export async function formatted(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

if (import.meta.main) {
  const check = Deno.args.includes("--check");
  const stale = await staleVersions(!check);
  for (const [path, text] of Object.entries(await embeddedModules())) {
    const target = `${ROOT}${path}`;
    if (!check) await Deno.writeTextFile(target, text);
    else if (await Deno.readTextFile(target).catch(() => "") !== text) stale.push(path);
  }
  if (check && stale.length > 0) {
    await say(stale.map((path) => `${path} is stale: run ./dev hooks`).join("\n"));
    Deno.exit(1);
  }
}
