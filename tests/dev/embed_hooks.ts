/**
 * Writes `hooks/embedded.ts`: a text import and a SHA-256 for each file of the Python package.
 *
 * Text imports are not covered by deno.lock, so the checksums are. `--check` only compares.
 *
 * @module
 */

import { createHash } from "node:crypto";

const ROOT = new URL("../../", import.meta.url).pathname;
const TARGET = `${ROOT}hooks/embedded.ts`;

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
  const text = await formatted(await embeddedModule());
  if (Deno.args.includes("--check")) {
    if (await Deno.readTextFile(TARGET).catch(() => "") !== text) {
      await Deno.stderr.write(
        new TextEncoder().encode("hooks/embedded.ts is stale: run ./dev hooks\n"),
      );
      Deno.exit(1);
    }
  } else {
    await Deno.writeTextFile(TARGET, text);
  }
}
