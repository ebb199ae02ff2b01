/** `sweep --draft-architecture` with a vLLM that is made up: what is printed, written, refused. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ended, startVscope, vscopeHere } from "../../cli.ts";
import { until } from "../../engine/processes.ts";
import { inFolder, namesIn } from "../../folders.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
const ARGS = ["sweep", "--draft-architecture", "--model", "own/odd.json", "--python", FAKE];
const LAYER = "model.layers.0";
const TREE = {
  vllm: "0.32.0",
  modules: [
    { path: "", class: "OddForCausalLM" },
    { path: "model.layers", class: "ModuleList" },
    { path: LAYER, class: "OddLayer" },
    { path: `${LAYER}.attn`, class: "Attention", attention: true },
  ],
  calls: ["", LAYER, `${LAYER}.attn`],
};

/** A folder with the config of a model that no architecture is there for, and the tree of it. */
async function inOdd(
  use: (cwd: string, env: () => Promise<Record<string, string>>) => Promise<void>,
): Promise<void> {
  await inFolder(async (cwd) => {
    await Deno.mkdir(`${cwd}/own`);
    await Deno.writeTextFile(`${cwd}/own/odd.json`, JSON.stringify({ model_type: "odd" }));
    await use(cwd, async () => {
      const path = `${cwd}/own/tree`;
      await Deno.writeTextFile(path, JSON.stringify(TREE));
      return { FAKE_TREE: path };
    });
  });
}

Deno.test("a model without an architecture is told how to get one, and the draft is found", async () => {
  await inOdd(async (cwd, tree) => {
    const plan = ["sweep", "--dry-run", "--json", "--model", "own/odd.json"];
    const before = await vscopeHere(plan, { cwd });
    assert.equal(before.code, 2);
    const path = "configs/architecture/odd.yaml";
    assert.match(before.stderr, /model_type "odd"; draft one with --draft-architecture --out /);
    assert.ok(before.stderr.includes(path));
    const ran = await vscopeHere([...ARGS, "--out", path], { cwd, env: await tree() });
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(ran.stdout, `${cwd}/${path}\n`);
    assert.match(ran.stderr, /To be looked at: Whether one GPU with a share of the heads/);
    const after = await vscopeHere(plan, { cwd });
    assert.equal(after.code, 0, after.stderr);
    assert.equal(JSON.parse(after.stdout).architecture, "odd");
    const again = await vscopeHere([...ARGS, "--out", path], { cwd, env: await tree() });
    assert.equal(again.code, 2);
    assert.match(again.stderr, /the file is there; give another --out, or --force/);
  });
});

Deno.test("without --out the draft is printed, and nothing is written", async () => {
  await inOdd(async (cwd, tree) => {
    const { code, stdout } = await vscopeHere(ARGS, { cwd, env: await tree() });
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^# odd \(OddForCausalLM\), drafted from odd as vLLM 0\.32\.0 builds it\.\n/,
    );
    assert.match(stdout, /^ {2}pre_attn: \[attention\]$/m);
    const json = await vscopeHere([...ARGS, "--json"], { cwd, env: await tree() });
    const document = JSON.parse(json.stdout);
    assert.equal(document.yaml.trimEnd(), stdout.trimEnd());
    assert.ok(document.undecided.length > 0);
    assert.deepEqual(await namesIn(cwd), ["own"]);
  });
});

Deno.test("a model that vLLM does not build ends in vLLM's words", async () => {
  await inOdd(async (cwd) => {
    const refused = await vscopeHere(ARGS, { cwd });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /vLLM does not build the model: ValueError: no such\n/);
    const died = await vscopeHere(ARGS, { cwd, env: { FAKE_TREE: "" } });
    assert.equal(died.code, 1);
    assert.match(died.stderr, /vLLM does not build the model: RuntimeError: out of memory\n/);
  });
});

Deno.test("Ctrl-C ends vLLM, and leaves no draft", async () => {
  await inOdd(async (cwd, tree) => {
    const env = { ...await tree(), FAKE_SLOW_SEC: "3600" };
    const temporary = `${cwd}/temporary`;
    await Deno.mkdir(temporary);
    const child = startVscope([...ARGS, "--out", "draft.yaml"], {
      cwd,
      env: { ...env, TMPDIR: temporary },
    });
    const output = ended(child);
    const log = async () => {
      const [work] = (await namesIn(temporary)).filter((name) => name.startsWith("vscope-draft-"));
      return work !== undefined && (await namesIn(`${temporary}/${work}`)).includes("log");
    };
    await until("vLLM is started", 300_000, log);
    child.kill("SIGINT");
    assert.equal((await output).code, 130);
    assert.deepEqual(await namesIn(cwd), ["own", "temporary"]);
    assert.deepEqual((await namesIn(temporary)).filter((name) => /^vscope-draft/.test(name)), []);
  });
});
