/**
 * The command lines of README and docs/: what follows `vscope` in blocks of code and in words set as code.
 *
 * @module
 */

import { ROOT } from "./run.ts";

/** A command line of a page. */
export interface CommandLine {
  readonly page: string;
  /** What follows `vscope`, up to a comment, a pipe or the end. */
  readonly words: readonly string[];
}

/** All of them, page by page. */
export async function commandLines(): Promise<CommandLine[]> {
  const found: CommandLine[] = [];
  for (const page of ["README.md", ...await pagesBelow("docs")]) {
    const text = (await Deno.readTextFile(`${ROOT}/${page}`)).replaceAll(/\\\n\s*/g, "");
    const blocks = [...text.matchAll(/^```(?:sh|text)\n([\s\S]*?)^```/gm)].map(([, code]) => code!);
    const inline = [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)]
      .map(([, code]) => code!);
    for (const line of [...blocks.flatMap((block) => block.split("\n")), ...inline]) {
      for (const [, rest] of line.matchAll(/(?:^|[|(;&]\s*|\s)(?:\.\/)?vscope ([\w].*)/g)) {
        found.push({ page, words: wordsOf(rest!) });
      }
    }
  }
  return found;
}

/** Pages below a folder, from the checkout. */
export async function pagesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}/${folder}`)) {
    if (isDirectory) found.push(...await pagesBelow(`${folder}/${name}`));
    else if (name.endsWith(".md")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/** As a shell takes a line apart, up to what is no word of the command. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [, one, other, plain] of line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    if (plain !== undefined && /^([|>#&;]|\d>)/.test(plain)) break;
    const word = (one ?? other ?? plain!).replace(/[);]+$/, "");
    words.push(word);
    if (plain !== undefined && /[);]$/.test(plain)) break;
  }
  return words;
}
