/**
 * Files of unit tests, put together as a few modules.
 *
 * A file that runs as a module of its own loads again what all files import, which is most of what a
 * short one takes. In a module of many, that is loaded and compiled once.
 *
 * @module
 */

import { ROOT } from "./run.ts";

/** So many modules for each that runs at a time: the last to end waits little for the others. */
const MODULES_PER_JOB = 3;

/** Writes modules that import all the files, and gives their paths while `use` runs. */
export async function inModules<T>(
  files: readonly string[],
  jobs: number,
  use: (modules: readonly string[]) => Promise<T>,
): Promise<T> {
  const count = jobs * MODULES_PER_JOB;
  // There is nothing to share.
  if (files.length <= count) return await use(files);
  const dir = await Deno.makeTempDir();
  try {
    // Neighbours test the same thing, and take alike: each goes to another module.
    const texts = Array.from({ length: count }, () => "");
    for (const [n, file] of files.entries()) {
      const { href } = new URL(file, `file://${ROOT}/`);
      texts[n % count] += `import ${JSON.stringify(href)};\n`;
    }
    const modules = texts.map((_, n) => `${dir}/${n}_test.ts`);
    for (const [n, path] of modules.entries()) await Deno.writeTextFile(path, texts[n]!);
    return await use(modules);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
