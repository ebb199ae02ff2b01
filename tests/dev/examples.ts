/**
 * The examples of the public API: those in the descriptions of its symbols, and those of docs/api.md.
 *
 * @module
 */

import { publicFiles } from "./public_files.ts";
import { ROOT } from "./run.ts";

/** A symbol that a public file exports. */
export interface PublicSymbol {
  /** As it is imported; a default export has the file before it. */
  readonly name: string;
  /** As deno doc calls it: `function`, `interface` … */
  readonly kind: string;
  /** The code of the examples in its description. */
  readonly examples: readonly string[];
}

interface Documented {
  nodes: Record<string, {
    symbols: {
      name: string;
      declarations: { kind: string; jsDoc?: { tags?: { kind: string; doc?: string }[] } }[];
    }[];
  }>;
}

/** Every symbol of the public files, from what `deno doc` reads out of them. */
export async function publicSymbols(): Promise<PublicSymbol[]> {
  const args = ["doc", "--json", ...publicFiles()];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as Documented;
  return Object.entries(nodes).flatMap(([file, { symbols }]) =>
    symbols.map(({ name, declarations }) => ({
      name: name === "default" ? `${file.slice(file.lastIndexOf("/") + 1)} ${name}` : name,
      kind: declarations[0]!.kind,
      examples: declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? [])
        .filter(({ kind }) => kind === "example")
        .flatMap(({ doc = "" }) => codeIn(doc)),
    }))
  );
}

/** The TypeScript of a page or of a description. */
export function codeIn(text: string): string[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code!);
}

/**
 * One module that runs examples, each as a test of its own: their imports come first, once. The
 * package's name becomes the files of this checkout.
 */
export async function testsOf(examples: Readonly<Record<string, string>>): Promise<string> {
  const { exports } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const imports = new Set<string>();
  const tests = Object.entries(examples).map(([name, code]) => {
    const body = code.replaceAll(
      /^import (type )?(?:(\w+)|\{([^}]*)\}) from "([^"]+)";\n/gm,
      (_, type: string | undefined, whole: string | undefined, names = "", from: string) => {
        const source = from.replace(
          /^@vscope\/vscope(.*)$/,
          (_, rest: string) => new URL(exports[`.${rest}`], `file://${ROOT}/`).href,
        );
        if (whole !== undefined) imports.add(`import ${whole} from "${source}";`);
        for (const one of names.split(",").map((part: string) => part.trim()).filter(Boolean)) {
          const plain = one.replace(/^type /, "");
          imports.add(
            type || one !== plain
              ? `import type { ${plain} } from "${source}";`
              : `import { ${plain} } from "${source}";`,
          );
        }
        return "";
      },
    ).replaceAll(/import\.meta\.resolve\("@vscope\/vscope\/cli"\)/g, `"file://${ROOT}/cli.ts"`);
    return `Deno.test(${JSON.stringify(name)}, async () => {\n${body}\n});\n`;
  });
  return [...imports, "", ...tests].join("\n");
}
