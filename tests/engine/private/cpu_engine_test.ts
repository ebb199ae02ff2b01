import assert from "node:assert/strict";
import type { FileSystem, RunContext } from "../../../kit/contract/context.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import {
  cpuEngineAt,
  type CpuEngineSpec,
  ensureCpuEngine,
} from "../../../kit/engine/private/cpu_engine.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { emptyPython } from "./empty_python.ts";

const SPEC: CpuEngineSpec = {
  version: "1.2.3",
  folder: "engine-of-the-tests",
  files: {},
  install: () => ["never"],
  why: "Made by a test",
};

const folderIn = (cache: string) => cpuEngineAt({ VSCOPE_CACHE_DIR: cache }, SPEC).dir;

/** An engine that an earlier vscope has left: whole, its Python not compiled. */
async function withEngine(
  use: (cache: string, site: string, context: RunContext, said: string[]) => Promise<void>,
): Promise<void> {
  await inFolder(async (cache) => {
    const dir = folderIn(cache);
    const site = await emptyPython(dir);
    await Deno.mkdir(`${site}/vllm/tests`, { recursive: true });
    await Deno.writeTextFile(`${site}/vllm/__init__.py`, "answer = 42\n");
    await Deno.writeTextFile(`${site}/vllm/of_another_python.py`, "answer = = 42\n");
    await Deno.writeTextFile(`${site}/vllm/tests/test_it.py`, "answer = 42\n");
    await Deno.writeTextFile(`${dir}/complete.json`, "{}");
    const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
    const said: string[] = [];
    const say = (text: string) => void said.push(text);
    const output = { ...context.output, note: say, warn: say, progress: say };
    try {
      await use(cache, site, { ...context, env: { VSCOPE_CACHE_DIR: cache }, output }, said);
    } finally {
      await close();
    }
  });
}

const compiledIn = async (site: string) =>
  (await namesIn(`${site}/vllm/__pycache__`)).map((name) => name.split(".")[0]);

Deno.test("an engine whose Python is not compiled gets it compiled, once, also where Python may write none", async () => {
  await withEngine(async (cache, site, context, said) => {
    const engine = await ensureCpuEngine(context, SPEC);
    assert.equal(engine.dir, folderIn(cache));
    assert.deepEqual(await compiledIn(site), ["__init__"]);
    assert.deepEqual(await namesIn(`${site}/vllm/tests`), ["test_it.py"]);
    assert.match(said.join("\n"), /^Compiling its Python files/);
    const { code, stdout } = await new Deno.Command(engine.python, {
      args: ["-c", "import vllm; print(vllm.__spec__.cached, vllm.answer)"],
      env: { PYTHONDONTWRITEBYTECODE: "1" },
    }).output();
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), /__pycache__\/__init__\..*pyc 42/);

    said.length = 0;
    await Deno.remove(`${site}/vllm/__pycache__`, { recursive: true });
    await ensureCpuEngine(context, SPEC);
    assert.deepEqual([said, await compiledIn(site)], [[], []]);
    assert.ok(!(await namesIn(cache)).some((name) => name.endsWith(".lock")));
  });
});

Deno.test("an engine in a cache that cannot be written is used as it is", async () => {
  await withEngine(async (cache, site, context, said) => {
    const refuse = () => Promise.reject(new Deno.errors.PermissionDenied("read-only"));
    const files: FileSystem = { ...Deno, writeTextFile: refuse };
    const engine = await ensureCpuEngine({ ...context, files }, SPEC);
    assert.equal(engine.dir, folderIn(cache));
    assert.deepEqual([said, await compiledIn(site)], [[], []]);
  });
});

Deno.test("a compiler that fails is told, and the engine is used all the same", async () => {
  await withEngine(async (cache, _, context, said) => {
    await Deno.remove(`${folderIn(cache)}/bin/python`);
    await Deno.writeTextFile(
      `${folderIn(cache)}/bin/python`,
      "#!/bin/sh\necho no room left\nexit 1\n",
      { mode: 0o755 },
    );
    await ensureCpuEngine(context, SPEC);
    assert.match(said.join("\n"), /could not be compiled.*\n?.*exit code 1[^]*no room left/);
    assert.ok(!(await namesIn(folderIn(cache))).includes("compiled.json"));
  });
});
