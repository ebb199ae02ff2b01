import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder, namesIn } from "../folders.ts";
import { engine, OFFLINE, OFFLINE_ENV } from "./engine.ts";

const answersIn = (log: string) => /ANSWERS (.*)/.exec(log)![1]!;

Deno.test("a hook that throws changes no answer and is in the manifest; VLLM_ENABLE_PROFILING=0 leaves vLLM untouched", async () => {
  const { python, model } = await engine();
  await inFolder(async (parent) => {
    const script = `${parent}/offline.py`;
    await Deno.writeTextFile(script, OFFLINE);
    // A sitecustomize of the user, which has to keep working, breaks one of our profilers.
    await Deno.mkdir(`${parent}/site`);
    await Deno.writeTextFile(
      `${parent}/site/sitecustomize.py`,
      `
try:
    import vscope_hooks.profilers.kv_cache as victim
    original = victim.watchers
    def watchers(recorder):
        found = original(recorder)
        def broken(*_):
            raise RuntimeError("made to throw")
        for watcher in found:
            watcher.after = broken
        return found
    victim.watchers = watchers
except ImportError:
    pass
`,
    );
    const run = (out: string, profiling: string) =>
      vscope(["monitor", "--out", out, "--", python, script, model], {
        env: { ...OFFLINE_ENV, PYTHONPATH: `${parent}/site`, VLLM_ENABLE_PROFILING: profiling },
      });

    const untouched = await run(`${parent}/off`, "0");
    assert.equal(untouched.code, 0, untouched.stderr);
    assert.equal((await namesIn(`${parent}/off`)).includes("processes"), false);

    const broken = await run(`${parent}/on`, "auto");
    assert.equal(broken.code, 1, broken.stderr);
    const answers = await Promise.all(
      ["off", "on"].map(async (name) =>
        answersIn(await Deno.readTextFile(`${parent}/${name}/logs/stdout.log`))
      ),
    );
    assert.equal(JSON.parse(answers[0]!).length, 6);
    assert.equal(answers[1], answers[0]);
    const manifest = JSON.parse(await Deno.readTextFile(`${parent}/on/bundle.json`));
    assert.equal(manifest.status, "partial");
    const failed = manifest.hooks.filter(({ status }: { status: string }) => status === "failed");
    assert.deepEqual(
      new Set(failed.map(({ name }: { name: string }) => name)),
      new Set(["kv_cache"]),
    );
    assert.match(failed[0].reason, /RuntimeError: made to throw/);
    // The others went on.
    const rows = await readTable(`${parent}/on/batch_utilization.csv`);
    const tokens = rows.reduce((total, row) => total + Number(row["num_tokens"]), 0);
    const lives = await readTable(`${parent}/on/request_lifecycle.csv`);
    const expected = lives.reduce(
      (total, life) =>
        total + Number(life["prompt_tokens"]) - Number(life["cached_tokens"]) +
        Number(life["generated_tokens"]) - 1,
      0,
    );
    assert.deepEqual([lives.length, tokens], [6, expected]);
  });
});

Deno.test("a vLLM started without vscope leaves files that bundle merge makes complete", async () => {
  const { python, model } = await engine();
  await inFolder(async (parent) => {
    const script = `${parent}/offline.py`;
    await Deno.writeTextFile(script, OFFLINE);
    assert.equal((await vscope(["hooks", `${parent}/hooks`])).code, 0);
    const { code, stderr } = await new Deno.Command(python, {
      args: [script, model],
      env: {
        ...OFFLINE_ENV,
        PYTHONPATH: `${parent}/hooks`,
        VLLM_PLUGINS: "mine,vscope",
        VLLM_PROFILING_DIR: `${parent}/sessions`,
      },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    const [session] = await namesIn(`${parent}/sessions`);
    const dir = `${parent}/sessions/${session}`;
    assert.ok((await namesIn(`${dir}/processes`)).some((name) => name.startsWith("engine_core-")));
    const merged = await vscope(["bundle", "merge", dir]);
    assert.equal(merged.code, 0, merged.stderr);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "complete", JSON.stringify(manifest.notes));
    assert.equal((await readTable(`${dir}/request_lifecycle.csv`)).length, 6);
    assert.equal((await vscope(["report", dir])).code, 0);
    assert.equal((await vscope(["analyze", dir, "--json"])).code, 0);
  });
});
