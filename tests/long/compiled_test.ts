import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { OFFLINE_ENV } from "../e2e/engine.ts";
import { ENGINE_VERSIONS, engineOf } from "../versions/engines.ts";

const SCRIPT = new URL("../versions/session.py", import.meta.url).pathname;

Deno.test("a mixture of experts that vLLM compiles on the CPU starts and answers the same with the hooks", async () => {
  const { python, moe } = await engineOf(ENGINE_VERSIONS.at(-1)!);
  await inFolder(async (parent) => {
    const run = async (out: string, profiling: string) => {
      const ran = await vscope(
        ["monitor", "--quiet", "--out", `${parent}/${out}`, "--"].concat(
          [python, SCRIPT, "--compiled", moe],
        ),
        {
          env: {
            ...OFFLINE_ENV,
            VLLM_ENABLE_PROFILING: profiling,
            // Compiled anew each time: what another run compiled has been traced already.
            VLLM_CACHE_ROOT: `${parent}/cache-${out}`,
            TORCHINDUCTOR_CACHE_DIR: `${parent}/inductor-${out}`,
          },
        },
      );
      const log = await Deno.readTextFile(`${parent}/${out}/logs/stdout.log`).catch(() => "");
      assert.equal(ran.code, 0, ran.stderr + log.slice(-5000));
      assert.doesNotMatch(log, /enforce eager set/i);
      return JSON.parse(/^ANSWERS (.*)$/m.exec(log)![1]!);
    };
    const untouched = await run("off", "0");
    assert.deepEqual(await run("on", "auto"), untouched);

    const { tokens } = JSON.parse(
      await Deno.readTextFile(`${parent}/on/session_summary.json`),
    );
    const lives = await readTable(`${parent}/on/request_lifecycle.csv`);
    const cached = lives.reduce((sum, row) => sum + Number(row["cached_tokens"]), 0);
    assert.deepEqual(
      [tokens.expected, tokens.difference],
      [untouched.prompt_tokens - cached + untouched.generated_tokens - lives.length, 0],
    );
    // Where the compiled code routes by itself, the bundle says so instead of showing no experts.
    const { hooks } = JSON.parse(await Deno.readTextFile(`${parent}/on/bundle.json`));
    const counters = hooks.filter(({ symbol }: { symbol?: string }) => symbol === "counters");
    assert.deepEqual(counters.map(({ status }: { status: string }) => status), ["absent"]);
    assert.match(counters[0].reason, /compiled code runs in its place/);
  });
});
