import assert from "node:assert/strict";
import { vscopeHere } from "../../cli.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { writeFakeVllm } from "../../hooks/fake_vllm.ts";

const GOOD = `from vscope_hooks.profiler import Column, Profiler, after
class Mine(Profiler):
    columns = [Column("n", int)]
    @after("vllm.not_there.at_all:Thing.work", "vllm.engine.arg_utils:EngineArgs.create_engine_config")
    def worked(self, call):
        self.add(call, n=1)
`;

/** Runs monitor with a file in a folder that has a vllm of its own. */
async function monitor(text: string | undefined, file = "mine.py") {
  return await inFolder(async (dir) => {
    await writeFakeVllm(`${dir}/site`);
    const path = `${dir}/${file}`;
    if (text !== undefined) await Deno.writeTextFile(path, text);
    const args = ["monitor", "--out", `${dir}/run`, "--profiler", file];
    const ran = await vscopeHere([...args, "--", "python3", "-c", "print('it ran')"], {
      env: { PYTHONPATH: `${dir}/site` },
      cwd: dir,
    });
    const left = await Deno.stat(`${dir}/run`).catch(() => undefined);
    const kept = await namesIn(`${dir}/run/profilers`).catch(() => []);
    return { ...ran, left, kept };
  });
}

Deno.test("the name of a profiler of vscope's, where a file belongs, is told where it belongs", async () => {
  const { code, stderr, left } = await monitor(undefined, "kv_cache");
  assert.deepEqual([code, left], [2, undefined]);
  assert.match(
    stderr,
    /^vscope: Cannot load the profiler ".*\/kv_cache": there is no such file; .*; --profilers kv_cache chooses vscope's\n$/,
  );
});

Deno.test("a profiler that cannot be used is told before anything starts, and nothing is left", async () => {
  const cases: [string | undefined, RegExp][] = [
    [undefined, /^vscope: Cannot load the profiler ".*\/mine\.py": there is no such file; give/],
    ["class X(\n", /^vscope: Cannot load the profiler ".*\/mine\.py": line 1: /],
    ["x = 1\n", /^vscope: Cannot use the profiler ".*\/mine\.py": it defines no class that/],
    [
      GOOD.replace("class Mine", "class KvCacheUsage"),
      /^vscope: Cannot use the profiler ".*\/mine\.py": vscope has a profiler or a table kv_cache_usage itself; give it another name/,
    ],
  ];
  for (const [text, wanted] of cases) {
    const { code, stderr, stdout, left } = await monitor(text);
    assert.equal(code, 2, stderr);
    assert.match(stderr, wanted);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
    assert.equal(stdout, "");
    assert.equal(left, undefined);
  }
});

Deno.test("a profiler that can be used is kept in the bundle, and a strange module is warned of", async () => {
  const { stderr, stdout, kept } = await monitor(GOOD);
  assert.match(
    stderr,
    /warning: mine watches vllm\.not_there\.at_all, which the installed vLLM does/,
  );
  assert.doesNotMatch(stderr, /arg_utils, which/);
  assert.match(stdout, /it ran/);
  assert.deepEqual(kept, ["mine.py"]);
});
