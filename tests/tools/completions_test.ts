import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";

async function shell(program: string, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  const decoder = new TextDecoder();
  assert.equal(decoder.decode(stderr), "");
  assert.equal(code, 0);
  return decoder.decode(stdout);
}

/** Uses the script of a shell, in a file. */
async function withScript(name: string, use: (path: string) => Promise<void>): Promise<void> {
  const { code, stdout } = await vscope(["completions", name]);
  assert.equal(code, 0);
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/_vscope`, stdout);
    await use(`${dir}/_vscope`);
  });
}

Deno.test("bash completes recipes, flags and the values of a choice", async () => {
  await withScript("bash", async (path) => {
    const complete = async (...words: string[]) => {
      const list = words.map((word) => `'${word}'`).join(" ");
      const printed = await shell("bash", [
        "-c",
        `source '${path}'; COMP_WORDS=(${list}); COMP_CWORD=${
          words.length - 1
        }; _vscope; printf '%s\\n' "\${COMPREPLY[@]}"`,
      ]);
      return printed.trim().split("\n");
    };
    assert.deepEqual(await complete("vscope", "moni"), ["monitor"]);
    assert.deepEqual(await complete("vscope", "monitor", "--profiling-v"), ["--profiling-verbose"]);
    assert.deepEqual((await complete("vscope", "quickstart", "--model", "")).sort(), [
      "tiny-dense",
      "tiny-moe",
    ]);
    assert.deepEqual(await complete("vscope", "bundle", "m"), ["merge"]);
  });
});

Deno.test("fish completes recipes, flags and the values of a choice", async () => {
  await withScript("fish", async (path) => {
    const complete = async (line: string) => {
      const printed = await shell("fish", [
        "--no-config",
        "-c",
        `source '${path}'; complete -C '${line}'`,
      ]);
      return printed.trim().split("\n").map((entry) => entry.split("\t")[0]);
    };
    assert.deepEqual(await complete("vscope moni"), ["monitor"]);
    assert.deepEqual(await complete("vscope monitor --profiling-v"), ["--profiling-verbose"]);
    assert.deepEqual((await complete("vscope quickstart --model ")).sort(), [
      "tiny-dense",
      "tiny-moe",
    ]);
  });
});

Deno.test("zsh takes the script and knows its function", async () => {
  await withScript("zsh", async (path) => {
    const printed = await shell("zsh", [
      "-f",
      "-c",
      `autoload -Uz compinit && compinit -u -D; source '${path}'; print $_comps[vscope]; whence -w _vscope`,
    ]);
    assert.equal(printed, "_vscope\n_vscope: function\n");
  });
});
