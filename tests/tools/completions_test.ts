/** Completions, in the real shells: for every recipe and tool, what a TAB offers. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commonOptions } from "../../kit/contract/common.ts";
import { flagOf, type Options } from "../../kit/contract/option.ts";
import { tools } from "../../kit/tools/registry.ts";
import { recipes } from "../../recipes/registry.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";

const ZSH_TYPIST = fileURLToPath(new URL("complete.zsh", import.meta.url));

/** What a shell offers for each line, by line, sorted. */
type Offers = Record<string, string[]>;

async function shell(program: string, args: string[], cwd: string): Promise<string> {
  const child = new Deno.Command(program, { args, cwd, env: { HOME: cwd }, stdin: "null" });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  assert.deepEqual([code, decoder.decode(stderr)], [0, ""], program);
  return decoder.decode(stdout);
}

/** Texts that begin with `== LINE`, each followed by what is offered. */
function offersIn(text: string): Offers {
  const parts = text.split(/^== /m).slice(1).map((part) => part.trimEnd().split("\n"));
  return Object.fromEntries(
    parts.map(([line, ...offered]) => [line, [...new Set(offered.filter(Boolean))].sort()]),
  );
}

const ASK: Record<
  string,
  (script: string, lines: readonly string[], cwd: string) => Promise<string>
> = {
  bash(script, lines, cwd) {
    const asked = lines.map((line) =>
      `COMP_WORDS=(${line}${line.endsWith(" ") ? "''" : ""}); ` +
      `COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _vscope; ` +
      `printf '%s\\n' '== ${line}' "\${COMPREPLY[@]}"`
    );
    const setUp = ["set -u", `source '${script}'`, "complete -p vscope >/dev/null"];
    return shell("bash", ["--norc", "-c", [...setUp, ...asked].join("\n")], cwd);
  },
  fish(script, lines, cwd) {
    const asked = lines.map((line) => `echo '== ${line}'; complete -C '${line}' | cut -f1`);
    return shell("fish", ["--no-config", "-c", [`source '${script}'`, ...asked].join("\n")], cwd);
  },
  async zsh(script, lines, cwd) {
    const out = `${script}.offers`;
    await shell("zsh", ["-f", ZSH_TYPIST, script, out, ...lines], cwd);
    const text = await Deno.readTextFile(out);
    assert.match(text, /^ENDED$/m);
    return text.replace(/^ENDED\n/m, "");
  },
};

function flagsOf(options: Options): string[] {
  return Object.entries({ ...options, ...commonOptions }).flatMap(([name, option]) => {
    if (option.secret) return [];
    const flag = flagOf(name);
    if (option.type !== "boolean") return [`--${flag}`];
    return [
      ...option.default === true ? [] : [`--${flag}`],
      ...option.default === false ? [] : [`--no-${flag}`],
    ];
  }).sort();
}

/** What every command has to offer behind `vscope NAME --`. */
async function wanted(): Promise<Offers> {
  const found: Offers = { "vscope ": [...recipes, ...tools].map(({ name }) => name).sort() };
  for (const entry of [...recipes, ...tools]) {
    const loaded = (await entry.load()).default;
    const commands = "load" in loaded || !("commands" in loaded) || "options" in loaded
      ? []
      : loaded.commands;
    const options = "options" in loaded ? loaded.options : {};
    const below = await Promise.all(
      commands.map(async ({ load }) => ((await load()).default as { options: Options }).options),
    );
    if (commands.length > 0) found[`vscope ${entry.name} `] = commands.map(({ name }) => name);
    found[`vscope ${entry.name} --`] = flagsOf(Object.assign({}, options, ...below));
  }
  return found;
}

for (const [name, ask] of Object.entries(ASK)) {
  Deno.test(`${name} completes every recipe, tool and flag, values, files and commands`, async () => {
    const { code, stdout } = await vscope(["completions", name]);
    assert.equal(code, 0);
    await inFolder(async (dir) => {
      await Deno.writeTextFile(`${dir}/_vscope`, stdout);
      await Deno.mkdir(`${dir}/files`);
      await Deno.writeTextFile(`${dir}/files/run of today`, "");
      const flags = await wanted();
      const others: Offers = {
        "vscope moni": ["monitor"],
        "vscope monitor --profiling-v": ["--profiling-verbose"],
        "vscope quickstart --model ": ["tiny-dense", "tiny-moe"],
        "vscope completions z": ["zsh"],
      };
      const offers = offersIn(
        await ask(`${dir}/_vscope`, [
          ...Object.keys(flags),
          ...Object.keys(others),
          "vscope analyze r",
          "vscope bundle lint r",
          "vscope monitor -- tai",
        ], `${dir}/files`),
      );
      if (name === "bash") flags["vscope "]!.unshift("--help", "--version");
      for (const [line, words] of Object.entries({ ...flags, ...others })) {
        assert.deepEqual(offers[line], words.toSorted(), line);
      }
      for (const line of ["vscope analyze r", "vscope bundle lint r"]) {
        assert.deepEqual(offers[line]?.map((file) => file.replaceAll("\\", "")), [
          "run of today",
        ], line);
      }
      assert.ok(offers["vscope monitor -- tai"]?.includes("tail"), name);
    });
  });
}
