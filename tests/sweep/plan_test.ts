/** `vscope sweep --dry-run` and `--list`. */

import assert from "node:assert/strict";
import recipe from "../../recipes/sweep.ts";
import { runRecipe } from "../engine/run_recipe.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";

const MODEL = ["--model", "Qwen/Qwen3-0.6B"];

/** Runs the recipe in an empty folder, which stays empty. */
async function sweep(args: string[], env: Record<string, string> = {}) {
  return await inFolder(async (dir) => {
    const found = await runRecipe(recipe as never, args, {
      cwd: dir,
      out: dir,
      env: { HF_HUB_OFFLINE: "1", ...env },
    });
    assert.deepEqual(await namesIn(dir), []);
    return { ...found, message: found.said.join("\n"), dir };
  });
}

Deno.test("the dry run's document tells limits, categories, distinct shots and an estimate", async () => {
  const { code, json, dir } = await sweep(["--dry-run", "--json", ...MODEL, "--hardware", "H200"]);
  assert.equal(code, 0);
  assert.equal(json["schema_version"], 1);
  assert.equal(json["model"], "Qwen/Qwen3-0.6B");
  assert.equal(json["hardware"], "H200");
  assert.equal(json["variant"], "bf16");
  assert.deepEqual(json["tp"], [1, 2, 4]);
  assert.deepEqual(json["limits"], {
    max_num_batched_tokens: 2048,
    max_num_seqs: 256,
    max_model_len: 40960,
    num_cache_tokens: null,
  });
  // deno-lint-ignore no-explicit-any -- a document
  const { categories, distinct_shots, estimate, out, contract, engines } = json as any;
  assert.deepEqual(Object.keys(categories), ["dense", "per_sequence", "attention", "skew"]);
  assert.deepEqual(categories.dense, { keys: 152, skipped: [] });
  assert.equal(categories.attention.keys, 8643);
  assert.ok(
    categories.attention.skipped.every((entry: object) => "reason" in entry && "count" in entry),
  );
  assert.equal(categories.skew.cases, 13_009);
  assert.equal(categories.skew.shots, 39_027);
  assert.equal(distinct_shots, 152 + 39 + 8635 + 26_018);
  assert.ok(estimate.seconds > 0 && estimate.disk_bytes > 0);
  assert.equal(out, `${dir}/perf/H200/Qwen/Qwen3-0.6B/bf16`);
  assert.equal(contract["max-num-seqs"].source, "default");
  assert.equal(contract["model"].source, "flag");
  assert.equal(engines[1].arguments.max_num_batched_tokens, 2048 + 256);
  assert.equal(engines[1].arguments.hf_overrides.num_key_value_heads, 4);
});

Deno.test("a part of the grid is told with what it begins with, and what a budget is for", async () => {
  const args = ["--dry-run", "--json", ...MODEL, "--hardware", "H200", "--tp-degrees", "1,2"];
  const whole = (await sweep(args)).json;
  const { json } = await sweep([...args, "--budget", "1m", "--grid-error", "0.03"]);
  const { first_shots, shots_in_budget, ...rest } = json["adaptive"] as Record<string, number>;
  assert.deepEqual(rest, { budget_sec: 60, grid_error: 0.03 });
  assert.equal(json["distinct_shots"], whole["distinct_shots"]);
  assert.ok(first_shots! > 0 && first_shots! < 0.05 * Number(whole["distinct_shots"]));
  // 30 s a degree, of passes that are taken for 3.6 ms, three of each shot.
  assert.ok(Math.abs(shots_in_budget! - 30 / 0.0108) < 20, String(shots_in_budget));
  // Two starts of the engine besides, rounded up.
  assert.ok([180, 240].includes(Number(json["seconds"])), String(json["seconds"]));
  assert.equal(whole["adaptive"], undefined);
});

Deno.test("assumed limits leave keys out, with a reason", async () => {
  const { json } = await sweep([
    "--dry-run",
    "--json",
    ...MODEL,
    "--assume-max-model-len",
    "1024",
    "--assume-cache-tokens",
    "4096",
  ]);
  // deno-lint-ignore no-explicit-any -- a document
  const { limits, categories, hardware, unknown } = json as any;
  assert.equal(limits.max_model_len, 1024);
  assert.equal(limits.num_cache_tokens, 4096);
  assert.equal(hardware, null);
  assert.deepEqual(categories.dense.skipped, [
    { reason: "the request reaches max_model_len", count: 65 },
  ]);
  assert.equal(categories.dense.keys, 87);
  assert.ok(
    categories.attention.skipped.some(({ reason }: { reason: string }) =>
      reason === "the KV cache is too small"
    ),
  );
  assert.ok(unknown.some((line: string) => /hardware/.test(line)));
  assert.ok(!unknown.some((line: string) => /KV cache will hold/.test(line)));
});

Deno.test("variables are honoured, a flag goes before them, and a secret is not shown", async () => {
  const { json } = await sweep(["--dry-run", "--json", "--max-num-seqs", "32"], {
    MODEL: "mistralai/Mixtral-8x7B-v0.1",
    HARDWARE: "MI300X",
    TP_DEGREES: "1,2,1",
    MAX_NUM_BATCHED_TOKENS: "256",
    MAX_NUM_SEQS: "16",
    ATTENTION_MAX_KV: "1024",
    ATTENTION_CHUNK_FACTOR: "4.0",
    SKIP_SKEW: "1",
    ONLY_SKEW: "0",
    FORCE: "",
    DTYPE: "fp8",
    KV_CACHE_DTYPE: "fp8",
    VERBOSITY: "--silent",
    HF_TOKEN: "hf_secret",
  });
  // deno-lint-ignore no-explicit-any -- a document
  const { tp, limits, variant, categories, contract, engines } = json as any;
  assert.deepEqual(tp, [1, 2]);
  assert.equal(limits.max_num_seqs, 32);
  assert.equal(limits.max_num_batched_tokens, 256);
  assert.equal(variant, "fp8-kvfp8");
  assert.deepEqual(Object.keys(categories), ["dense", "per_sequence", "attention", "moe"]);
  assert.equal(contract["hf-token"].value, "set");
  assert.ok(!JSON.stringify(json).includes("hf_secret"));
  const { dtype, quantization, kv_cache_dtype } = engines[0].arguments;
  assert.deepEqual({ dtype, quantization, kv_cache_dtype }, {
    dtype: "bfloat16",
    quantization: "fp8",
    kv_cache_dtype: "fp8",
  });
});

Deno.test("the dry run advises", async () => {
  const { stdout, code } = await vscopeHere(["sweep", "--dry-run", ...MODEL]);
  assert.equal(code, 0);
  assert.match(stdout, /SKIP_SKEW=1/);
  assert.match(stdout, /MAX_NUM_SEQS is 256: give more than the max_num_seqs/);
  assert.match(stdout, /Factors of 4\.0 would save about .* of attention and about .* of skew/);
  assert.match(stdout, /attention +8643; 8635 forward passes .*; about \d min at all TP degrees$/m);
});

Deno.test("--list prints the keys in the order of the table, with its columns", async () => {
  const list = async (name: string, ...args: string[]) => {
    const { code, stdout } = await vscopeHere(["sweep", "--list", name, ...args]);
    assert.equal(code, 0);
    return stdout.trimEnd().split("\n");
  };
  const attention = await list("attention", ...MODEL, "--max-num-seqs", "8", "--dry-run");
  assert.equal(attention[0], "prefill_chunk,kv_prefill,n_decode,kv_decode");
  const keys = attention.slice(1).map((line) => line.split(",").map(Number));
  const sorted = keys.toSorted((one, other) => {
    const place = one.findIndex((value, at) => value !== other[at]);
    return place < 0 ? 0 : one[place]! - other[place]!;
  });
  assert.deepEqual(keys, sorted);
  const skewed = await list("skew", ...MODEL);
  assert.equal(skewed[0], "n,nb,skew,pc,kp,kvs");
  assert.equal(skewed[1], "2,1,4.0,0,0,128");
  assert.equal(skewed.length, 13_010);
  const { json } = await sweep([
    "--list",
    "moe",
    "--json",
    "--model",
    "mistralai/Mixtral-8x7B-v0.1",
  ]);
  assert.deepEqual(json["columns"], ["tokens", "activated_experts"]);
  assert.deepEqual((json["keys"] as number[][]).slice(0, 3), [[1, 2], [2, 2], [2, 4]]);
  const { json: sequences } = await sweep(["--list", "per_sequence", "--json", ...MODEL]);
  assert.deepEqual(sequences["columns"], ["layer", "sequences"]);
  const rows = sequences["keys"] as [string, number][];
  assert.equal(rows.length, 2 * 40);
  assert.deepEqual([rows[0], rows[40], rows[79]], [["lm_head", 1], ["sampler", 1], [
    "sampler",
    256,
  ]]);
});

Deno.test("a Python without vLLM is told before anything is started", async () => {
  const { code, message } = await sweep([...MODEL, "--hardware", "H200", "--python", "/none"]);
  assert.equal(code, 2);
  assert.match(message, /^Cannot run sweep: the Python "\/none" cannot be started; give another/);
});

Deno.test("bad input is one sentence that tells what to give", async () => {
  for (
    const [args, pattern] of [
      [[], /no model is given; give --model or MODEL/],
      [MODEL, /no hardware is given; give --hardware/],
      [[...MODEL, "--tp-degrees", "2,4"], /TP degrees "2,4" must include 1.* --tp-degrees 1,2,4$/],
      [[...MODEL, "--tp-degrees", ""], /give a list with commas, each a whole number/],
      [[...MODEL, "--tp-degrees", "1,0"], /each a whole number from 1/],
      [[...MODEL, "--dry-run", "--tp-degrees", "1,3"], /cannot be split over 3 GPUs/],
      [[...MODEL, "--attention-kv-factor", "1"], /ATTENTION_KV_FACTOR is 1; give a number above 1/],
      [
        [...MODEL, "--dry-run", "--attention-kv-factor", "1.00001"],
        /: --attention-kv-factor 1.00001 leads to more than 20000 values; give a larger one, such as 2$/,
      ],
      [
        [...MODEL, "--list", "skew", "--skew-n-factor", "1.0000001"],
        /: --skew-n-factor 1.0000001 leads/,
      ],
      [
        [...MODEL, "--list", "dense", "--draft-architecture"],
        /--list and --draft-architecture .* give one/,
      ],
      [[...MODEL, "--skip-skew", "--only-skew"], /both set/],
      [[...MODEL, "--only", "moe", "--dry-run"], /has no experts/],
      [[...MODEL, "--list", "moe"], /has no experts/],
      [[...MODEL, "--hardware", "../x"], /HARDWARE is "\.\.\/x", which is to name a folder/],
      [[...MODEL, "--variant", "a b"], /VARIANT is "a b"/],
      [[...MODEL, "--dtype", "int3"], /DTYPE is "int3"/],
      [["--model", "no/such"], /neither in configs\/model nor in vscope/],
    ] as const
  ) {
    const { code, message } = await sweep([...args]);
    assert.equal(code, 2, message);
    assert.match(message, pattern);
    assert.match(message, /^Cannot run sweep: [^\n]*$/);
  }
});

Deno.test("VERBOSITY says as much as its flag", async () => {
  const said = async (VERBOSITY: string) =>
    (await sweep(["--dry-run", ...MODEL, "--json"], {
      VERBOSITY,
    })).message;
  assert.equal(await said(""), "");
  assert.equal(await said("--silent"), "");
  assert.match(await said("--verbose"), /^Read vscope as Qwen\/Qwen3-0\.6B, whose architecture/);
  assert.match(await said("loud"), /VERBOSITY is "loud"; give one of --silent, --verbose/);
});
