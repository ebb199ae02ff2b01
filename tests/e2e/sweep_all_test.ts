/**
 * Two tiny models on the real CPU vLLM, one of which it refuses: the other is measured, and stays so. Its
 * layers are of two kinds, with a sliding window and without.
 */

import assert from "node:assert/strict";
import { readManifest } from "../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../kit/bundle/validate.ts";
import { readJournal } from "../../kit/sweep/measure/journal.ts";
import { readMeta } from "../../kit/sweep/sweep_folder.ts";
import { numberIn, readTable } from "../../kit/sweep/table.ts";
import { validateSweep } from "../../kit/sweep/validate_sweep.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

/** What a Gemma 3 has besides; four of its five layers have a window of 64 tokens. */
const GEMMA = {
  architectures: ["Gemma3ForCausalLM"],
  model_type: "gemma3_text",
  num_hidden_layers: 5,
  sliding_window: 64,
  sliding_window_pattern: 5,
  rope_local_base_freq: 10000,
  query_pre_attn_scalar: 32,
  hidden_activation: "gelu_pytorch_tanh",
};

Deno.test("a batch measures what vLLM can start, at each TP degree, and tells of the rest", async () => {
  const { python, model } = await engine();
  await inFolder(async (cwd) => {
    const config = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
    for (
      const [name, changes] of [
        ["tiny-good", GEMMA],
        ["tiny-odd", { architectures: ["OddForCausalLM"] }],
      ] as const
    ) {
      await Deno.mkdir(`${cwd}/${name}`);
      const text = JSON.stringify({ ...config, ...changes });
      await Deno.writeTextFile(`${cwd}/${name}/config.json`, text);
    }
    await Deno.writeTextFile(
      `${cwd}/models.yaml`,
      "- tiny-odd\n- model: tiny-good\n  tp-degrees: [1, 2]\n",
    );
    const args = [
      ...["sweep-all", "--json", "--models", "models.yaml", "--hardware", "CPU"],
      ...["--python", python, "--tp-degrees", "1", "--only", "dense,per_sequence,attention"],
      ...["--max-num-batched-tokens", "32", "--max-num-seqs", "8", "--attention-max-kv", "1900"],
      ...["--attention-kv-factor", "32", "--attention-chunk-factor", "8"],
    ];
    const { code, stdout, stderr } = await vscope(args, { cwd, env: OFFLINE_ENV });
    assert.equal(code, 1, stderr + stdout);
    const { sweeps, status } = JSON.parse(stdout);
    assert.equal(status, "partial");
    assert.deepEqual(
      sweeps.map((
        sweep: Record<string, unknown>,
      ) => [sweep["model"], sweep["tp"], sweep["status"]]),
      [["tiny-odd", [1], "failed"], ["tiny-good", [1, 2], "complete"]],
    );
    assert.match(sweeps[0].reason, /^vLLM did not start: ModelConfig: .*OddForCausalLM/);
    const dir = `${cwd}/perf/CPU`;
    assert.deepEqual(await validateBundle(Deno, dir), []);
    const good: string = sweeps[1].bundle;
    assert.deepEqual(await validateSweep(Deno, good), []);
    assert.equal((await readManifest(Deno, good))!.status, "complete");
    for (const tp of [1, 2]) {
      for (const name of ["dense", "per_sequence"]) {
        const { header, rows } = (await readTable(Deno, `${good}/tp${tp}/${name}.csv`))!;
        const times = rows.map(({ cells }) => numberIn(cells[header.indexOf("time_us")])!);
        assert.ok(times.length > 8 && times.every((us) => us > 0), `tp${tp} ${name}`);
      }
      const { header, rows } = (await readTable(Deno, `${good}/tp${tp}/attention.csv`))!;
      const cell = (name: string) => header.indexOf(name);
      const found = rows.map(({ cells }) =>
        ["time_us", "sliding_attention_us", "full_attention_us"].map((name) =>
          numberIn(cells[cell(name)])!
        )
      );
      for (const [time, sliding, full] of found) {
        assert.ok(sliding! > 0 && full! > 0);
        // Four layers of five have a window.
        const mean = (4 * sliding! + full!) / 5;
        assert.ok(Math.abs(time! - mean) < 1e-3 * mean, `${time}, ${sliding}, ${full}`);
      }
      // With the longest histories the window is what counts.
      const long = rows.flatMap(({ cells }, place) =>
        cells[cell("kv_decode")] === "1900" && cells[cell("kv_prefill")] === "1900"
          ? [found[place]!]
          : []
      );
      const least = (of: number) => Math.min(...long.map((times) => times[of]!));
      assert.ok(least(1) < least(2), JSON.stringify(long));
    }
    assert.deepEqual((await readMeta(Deno, good))!.values["layer_types"], {
      sliding_attention: 4,
      full_attention: 1,
    });

    const journal = await readJournal(Deno, good);
    // Without a list of its own options: what counts is what is measured.
    const alone = args.map((word) => word === "models.yaml" ? "tiny-good" : word)
      .map((word, place) => args[place - 1] === "--tp-degrees" ? "1,2" : word);
    const again = await vscope(alone, { cwd, env: OFFLINE_ENV });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(JSON.parse(again.stdout).sweeps[0].kept, true);
    assert.deepEqual(await readJournal(Deno, good), journal);
  });
});
