/**
 * Writes `hooks/embedded.ts`, a text import and a SHA-256 for each file of the Python package, and
 * `kit/engine/runner_files.ts`, the same for each script that recipes run.
 *
 * Text imports are not covered by deno.lock, so the checksums are. `--check` only compares.
 *
 * @module
 */

import { createHash } from "node:crypto";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Scripts that recipes write into a bundle and run, below the checkout. */
const RUNNERS = [
  "kit/engine/metal/offline_runner.py",
  "kit/engine/sweep/draft/model_tree.py",
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

/** The text of `kit/engine/runner_files.ts` as the scripts stand. */
export async function runnersModule(): Promise<string> {
  const imports: string[] = [];
  const entries: string[] = [];
  for (const [index, path] of RUNNERS.entries()) {
    const text = await Deno.readFile(`${ROOT}${path}`);
    const sha256 = createHash("sha256").update(text).digest("hex");
    const local = path.replace("kit/engine/", "./");
    imports.push(`import r${index} from "${local}" with { type: "text" };`);
    entries.push(`  { path: "${local.slice(2)}", text: r${index}, sha256: "${sha256}" },`);
  }
  return `/**
 * The Python scripts that recipes run, each with its checksum.
 *
 * Made by \`./dev hooks\`; do not edit.
 *
 * @module
 */

import type { EmbeddedFile } from "../../hooks/embedded.ts";
${imports.join("\n")}

/** Every script; paths are below \`kit/engine/\`. */
export const RUNNER_FILES: readonly EmbeddedFile[] = [
${entries.join("\n")}
];
`;
}

/** Every module that is made, by its path below the checkout. */
export async function embeddedModules(): Promise<Record<string, string>> {
  return {
    "hooks/embedded.ts": await formatted(await embeddedModule()),
    "kit/engine/runner_files.ts": await formatted(await runnersModule()),
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
  for (const [path, text] of Object.entries(await embeddedModules())) {
    const target = `${ROOT}${path}`;
    if (!Deno.args.includes("--check")) {
      await Deno.writeTextFile(target, text);
    } else if (await Deno.readTextFile(target).catch(() => "") !== text) {
      await Deno.stderr.write(new TextEncoder().encode(`${path} is stale: run ./dev hooks\n`));
      Deno.exit(1);
    }
  }
}
