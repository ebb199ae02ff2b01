import assert from "node:assert/strict";
import { inFolder, namesIn } from "../folders.ts";
import { HOOKS, python } from "./python.ts";

const LOAD = "from vscope_hooks.plugin import load; load()";

Deno.test("with VLLM_ENABLE_PROFILING unset a plain Python process leaves nothing", async () => {
  await inFolder(async (dir) => {
    const ran = await python("print('{}')", { VLLM_PROFILING_DIR: dir });
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "{}\n", ""]);
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("with VLLM_ENABLE_PROFILING=0 even vLLM's plugin call leaves nothing", async () => {
  await inFolder(async (dir) => {
    const ran = await python(LOAD, { VLLM_PROFILING_DIR: dir, VLLM_ENABLE_PROFILING: "0" });
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "", ""]);
    assert.deepEqual(await namesIn(dir), []);
  });
});

Deno.test("with VLLM_ENABLE_PROFILING=1 a plain Python process is registered", async () => {
  await inFolder(async (dir) => {
    const ran = await python("print('mine')", {
      VLLM_PROFILING_DIR: dir,
      VLLM_ENABLE_PROFILING: "1",
    });
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "mine\n", ""]);
    const [session] = await namesIn(dir);
    assert.match(session ?? "", /^session_\d{8}_\d{6}_\d+$/);
    const [process] = await namesIn(`${dir}/${session}/processes`);
    assert.match(process ?? "", /^python-\d+$/);
    const metadata = JSON.parse(await Deno.readTextFile(`${dir}/${session}/metadata.json`));
    assert.equal(metadata.enable_forward_pass_timing, true);
  });
});

Deno.test("a sitecustomize of the user runs as if ours were not there", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/sitecustomize.py`, "import builtins; builtins.mine = 42\n");
    const ran = await python(
      "import sys; print(mine, sys.modules['sitecustomize'].__file__)",
      { PYTHONPATH: `${HOOKS}:${dir}` },
    );
    assert.equal(ran.stdout, `42 ${dir}/sitecustomize.py\n`);
  });
});

Deno.test("two sessions begun in the same second by the same pid number do not share a folder", async () => {
  await inFolder(async (dir) => {
    const ran = await python(
      `
import os, time
os.getpid = lambda: 1
from vscope_hooks import session
first, _ = session.open_session()
del os.environ["VSCOPE_SESSION_DIR"]
second, _ = session.open_session()
print(first != second)
`,
      { VLLM_PROFILING_DIR: dir },
    );
    assert.equal(ran.stdout, "True\n", ran.stderr);
  });
});

Deno.test("an unwritable folder stops neither vLLM nor prints anything", async () => {
  await inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    const ran = await python(`${LOAD}; print("on")`, { VLLM_PROFILING_DIR: `${dir}/file` });
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "on\n", ""]);
  });
});
