import assert from "node:assert/strict";
import { ProcessTracker } from "../../kit/engine/system/process_table.ts";
import { ended, startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { inFolder } from "../folders.ts";
import { launchesToHandOver } from "../ncu/recorded_table.ts";
import { installNcu } from "../ncu/on_ncu.ts";
import { SECRET } from "../nvidia/tool_machine.ts";
import { installCudaPlugin } from "../nsys/cuda/install.ts";
import { OFFLINE_ENV, serveCommand } from "./engine.ts";
import { opensInChromium } from "./page.ts";

/** argv without some options and their values: vscope has to give them. */
function without(argv: readonly string[], ...names: string[]): string[] {
  return argv.filter((word, place) =>
    !names.includes(word) && !(names.includes(argv[place - 1] ?? "") && !word.startsWith("--"))
  );
}

Deno.test("ncu measures a real server, which takes the small KV cache and the length that fits it", async () => {
  const { argv, env } = await serveCommand();
  // On the CPU it would go ahead of what vLLM is told.
  const { VLLM_CPU_KVCACHE_SPACE: _, ...variables } = { ...env, ...OFFLINE_ENV };
  const bare = without(argv, "--num-gpu-blocks-override", "--max-model-len", "--enforce-eager");
  await inFolder(async (dir) => {
    const bin = await installNcu(`${dir}/ncu`);
    await installCudaPlugin(`${dir}/site`);
    const out = `${dir}/run`;
    const child = startVscope([
      ...["ncu", "--json", "--out", out, "--requests", "3", "--prompt-tokens", "40"],
      ...["--output-tokens", "4", "--delay-iterations", "2", "--category", "attention,norm"],
      ...["--kv-cache-memory", "64MiB", "--", ...bare],
    ], {
      env: {
        ...variables,
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        PYTHONPATH: `${dir}/site`,
        HF_TOKEN: SECRET,
      },
    });
    const tracker = new ProcessTracker(crypto.randomUUID());
    tracker.watch(child.pid);
    const timer = setInterval(() => tracker.update(), 500);
    const ran = await ended(child);
    clearInterval(timer);
    assert.equal(ran.code, 0, ran.stderr);
    await until("all have ended", 120_000, () => tracker.alive().length === 0);
    assert.equal(JSON.parse(ran.stdout).status, "complete");
    const { capture, command, notes } = JSON.parse(await Deno.readTextFile(`${out}/bundle.json`));
    assert.deepEqual(
      notes.filter(({ severity }: { severity: string }) => severity !== "info"),
      [],
    );
    assert.deepEqual(command.slice(-7), [
      "--enforce-eager",
      ...["--kv-cache-memory-bytes", "67108864", "--max-model-len", "auto"],
      "--profiler-config.profiler=cuda",
      "--profiler-config.delay_iterations=3",
    ]);
    assert.equal(capture.window.ended, "the load was answered");
    // vLLM says what it made of it.
    const log = await Deno.readTextFile(`${out}/logs/stdout.log`) +
      await Deno.readTextFile(`${out}/logs/stderr.log`);
    assert.match(log, /enforce_eager=True|'enforce_eager': True/);
    assert.match(log, /'kv_cache_memory_bytes': 67108864/);
    const [, tokens = ""] = /KV cache size: ([\d,]+) tokens/.exec(log) ?? [];
    // 64 MiB hold 131,072 tokens of this model; the memory of a machine holds millions.
    const size = Number(tokens.replaceAll(",", ""));
    assert.ok(size > 0 && size < 500_000, `${tokens} tokens`);
    const expected = (await launchesToHandOver())
      .filter(({ category }) => category === "attention" || category === "norm").length;
    const analysis = JSON.parse(await Deno.readTextFile(`${out}/analysis.json`));
    assert.equal(analysis.ncu_kernels.length, expected);
    assert.equal((await vscope(["bundle", "validate", out])).code, 0);
    for (const name of ["raw.csv", "rep.ncu-rep", "bundle.json", "report.html", "analysis.json"]) {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(`${out}/${name}`));
      assert.ok(!text.includes(SECRET) && !text.includes("vscope-planted-"), name);
    }
    await opensInChromium(`${out}/report.html`, /ncu/);
  });
});
