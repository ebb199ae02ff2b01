import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

const SCRIPTS = new URL("./scripts/", import.meta.url).pathname;

/** Runs a shell line in a folder, as a user would type it. */
async function shell(line: string, cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", line],
    cwd,
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, `${line}\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}

/** The snippets about CUDA graphs, on the session that was recorded on a GPU. */
async function graphSnippets(run: string): Promise<void> {
  const dir = new URL("../../perf/examples/session", import.meta.url).pathname;
  assert.match(await shell(`${run} graphs`, dir), /DONE$/);
  const captures = (await readTable(`${dir}/cuda_graph_captures.csv`)).length;
  assert.equal(
    await shell("wc -l cuda_graph_captures.csv", dir),
    `${captures + 1} cuda_graph_captures.csv`,
  );
  const replays = await shell(
    "total_replays=$(awk -F',' 'NR>1 {sum+=$6} END {print sum}' cuda_graph_usage.csv)\n" +
      'echo "Total CUDA graph replays: $total_replays"',
    dir,
  );
  const summary = JSON.parse(await Deno.readTextFile(`${dir}/cuda_graph_summary.json`));
  assert.equal(replays, `Total CUDA graph replays: ${summary.replays}`);
  const top = await shell("sort -t',' -k6 -rn cuda_graph_usage.csv | head -5", dir);
  assert.match(top.split("\n")[0]!, /^(FULL|PIECEWISE),\d+,/);
  const sizes = await shell("cat cuda_graph_usage.csv | cut -d',' -f2 | sort | uniq -c", dir);
  // Each number of tokens, how many descriptors have it before it, and the header's word.
  assert.match(sizes, /^\s*1 num_tokens$/m);
  assert.match(sizes, /^\s*[12] 8$/m);
}

Deno.test("moe on two ranks counts every choice of the routers, and every eviction is there", async (t) => {
  const { python, models } = await engine();
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const model = await ensureTinyModel(context, python, models, "tiny-moe");
  await close();
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const ran = await vscope(
      ["moe", "--quiet", "--profiling-log-interval", "10", "--out", dir, "--"].concat(
        [python, `${SCRIPTS}run_experts.py`, model, `${parent}/evicted`],
      ),
      { env: { ...OFFLINE_ENV, VLLM_CPU_OMP_THREADS_BIND: "0|1" } },
    );
    const log = await Deno.readTextFile(`${dir}/logs/stdout.log`).catch(() => "");
    assert.equal(ran.code, 0, ran.stderr + log.slice(-3000));
    const counted = JSON.parse(/ANSWERS (.*)/.exec(log)![1]!);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "complete", JSON.stringify(manifest.notes));
    const folder = `${dir}/moe_expert_tracking`;
    const activations = await readTable(`${folder}/moe_expert_activations.csv`);

    await t.step("the counts are those of an independent counter in the same workers", () => {
      const ours = Object.fromEntries(
        activations.map((row) => [
          `${row["layer_idx"]}/${row["expert_id"]}`,
          Number(row["activation_count"]),
        ]),
      );
      assert.equal(counted.choices.length, 2);
      for (const choices of counted.choices) {
        for (const [key, count] of Object.entries(ours)) {
          assert.equal(choices[key] ?? 0, count, key);
        }
      }
      assert.equal(activations.length, 2 * 8);
    });

    await t.step("choices are tokens times top-k, and each token makes one pair", async () => {
      const passes = await readTable(`${dir}/forward_pass_timing.csv`);
      const tokens = passes.filter(({ rank }) => rank === "0")
        .reduce(
          (sum, row) => sum + Number(row["context_tokens"]) + Number(row["generation_tokens"]),
          0,
        );
      for (const layer of ["0", "1"]) {
        const sum = activations.filter((row) => row["layer_idx"] === layer)
          .reduce((total, row) => total + Number(row["activation_count"]), 0);
        assert.equal(sum, 2 * tokens);
        const pairs = (await readTable(`${folder}/moe_expert_coselection.csv`))
          .filter((row) => row["layer_idx"] === layer)
          .reduce((total, row) => total + Number(row["coselection_count"]), 0);
        assert.equal(pairs, tokens);
        const bins = (await readTable(`${folder}/moe_routing_weights_bins.csv`))
          .filter((row) => row["layer_idx"] === layer)
          .reduce((total, row) => total + Number(row["weight_count"]), 0);
        assert.equal(bins, 2 * tokens);
      }
      const sample = await readTable(`${folder}/moe_routing_weights_hist.csv`);
      assert.equal(sample.length, 64 * 2 * 2);
      assert.ok(sample.every((row) => Number(row["token_idx"]) < tokens));
      assert.ok((await readTable(`${folder}/moe_load_imbalance.csv`)).length >= 4);
    });

    await t.step("both ranks are in one table, and the expert counts name theirs", async () => {
      const passes = await readTable(`${dir}/forward_pass_timing.csv`);
      const ranks = passes.map(({ rank }) => rank);
      assert.deepEqual([...new Set(ranks)].sort(), ["0", "1"]);
      assert.equal(ranks.filter((rank) => rank === "0").length, ranks.length / 2);
      assert.deepEqual(new Set(activations.map(({ rank }) => rank)), new Set(["0"]));
      assert.ok(
        manifest.hooks.some(({ reason }: { reason?: string }) =>
          /rank 0 of the tensor-parallel group/.test(reason ?? "")
        ),
      );
    });

    await t.step("prefixes that came round again had been evicted, and each is there", async () => {
      const evictions = await readTable(`${dir}/kv_cache_evictions.csv`);
      assert.equal(evictions.length, (await Deno.stat(`${parent}/evicted`)).size);
      // 24 prompts each cached a block of 128 tokens; of 8 usable blocks at most that many are left.
      assert.ok(evictions.length >= 24 - 8, String(evictions.length));
      for (const row of evictions) {
        assert.ok(Number(row["lifetime_sec"]) >= Number(row["idle_sec"]), JSON.stringify(row));
      }
      assert.match(
        await Deno.readTextFile(`${dir}/kv_cache_summary.txt`),
        /Samples from 80 to 90 %/,
      );
    });

    await t.step("the client counted the same tokens", async () => {
      const lives = await readTable(`${dir}/request_lifecycle.csv`);
      const sum = (column: string) => lives.reduce((total, row) => total + Number(row[column]), 0);
      assert.deepEqual(
        [sum("prompt_tokens"), sum("generated_tokens")],
        [counted.prompt_tokens, counted.generated_tokens],
      );
    });

    await t.step("the report answers the questions about experts", async () => {
      assert.equal((await vscope(["report", dir])).code, 0);
      const page = await Deno.readTextFile(`${dir}/report.html`);
      assert.match(page, /Are the experts balanced\?[\s\S]{0,200}(Yes, in all|No: )/);
      assert.match(page, /Which experts go together\?[\s\S]{0,200}Most often \d/);
      assert.match(page, /none of \d+ passes replayed a graph \(enforce_eager is on\)/);
    });

    await t.step("the snippets of the session layout run on our files", async () => {
      const site = `${parent}/site`;
      await shell(
        `python3 -m venv "${site}" && "${site}/bin/pip" install -q pandas matplotlib`,
        parent,
      );
      const run = `"${site}/bin/python" "${SCRIPTS}snippets.py"`;
      const said = await shell(run, dir);
      assert.match(said, /DONE$/);
      const samples = await readTable(`${dir}/kv_cache_usage.csv`);
      assert.equal(
        said.match(/^vllm_kv_cache_usage\{timestamp="[\d.]+"\} [\d.]+$/gm)?.length,
        samples.length,
      );
      assert.match(
        await shell(`${run} experts`, folder),
        /^Layer 1: load balance ratio = [\d.]+$/m,
      );
      const pairs = await shell("head -20 moe_expert_coselection.csv", folder);
      assert.match(pairs.split("\n")[1]!, /^\d+,\d+,\d+,\d+/);
      const average = await shell(
        "awk -F',' 'NR>1 {sum+=$2; count++} END {print sum/count}' kv_cache_usage.csv",
        dir,
      );
      assert.ok(Number(average) > 0);
      await graphSnippets(run);
      const peak = await shell("sort -t',' -k2 -rn kv_cache_usage.csv | head -1", dir);
      assert.equal(
        Number(peak.split(",")[1]),
        Math.max(...samples.map((row) => Number(row["usage_pct"]))),
      );
      const layers = "awk -F',' 'NR>1 {print $1}' moe_expert_activations.csv | sort -u | wc -l";
      assert.equal(await shell(layers, folder), "2");
      assert.match(
        await shell(
          `awk -F',' 'NR>1 && $2<10 {count++} END {print count " blocks evicted quickly"}' kv_cache_evictions.csv`,
          dir,
        ),
        /^\d+ blocks evicted quickly$/,
      );
    });
  });
});
