import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder, namesIn } from "../folders.ts";
import { OFFLINE_ENV } from "../e2e/engine.ts";
import { ENGINE_VERSIONS, engineOf } from "../versions/engines.ts";
import { hooksOf, type RanHook, writeRan } from "../versions/ran.ts";

const SCRIPT = new URL("../versions/session.py", import.meta.url).pathname;

/** Where the results are to be written, if at all. */
const RECORD = Deno.env.get("VSCOPE_VERSIONS_RECORD");

/** The versions that are asked for, all where none is. */
const ASKED = Deno.env.get("VSCOPE_VERSIONS")?.split(" ").filter(Boolean) ?? [];

/** Profilers that have something to see in every session. */
const AT_WORK = [
  "batch_utilization",
  "cpu_operations",
  "engine_facts",
  "forward_pass",
  "kv_cache",
  "kv_eviction",
  "last_flush",
  "pass_marks",
  "request_lifecycle",
  "scheduler_steps",
];

/** What the script said of one model. */
interface Told {
  answers: number[][];
  prompt_tokens: number;
  generated_tokens: number;
}

async function toldIn(dir: string): Promise<Told[]> {
  const log = await Deno.readTextFile(`${dir}/logs/stdout.log`);
  return [...log.matchAll(/^ANSWERS (.*)$/gm)].map(([, json]) => JSON.parse(json!));
}

async function manifestOf(
  dir: string,
): Promise<
  { status: string; notes: string[]; hooks: RanHook[]; versions: Record<string, string> }
> {
  return JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
}

const sumOf = (rows: Record<string, string>[], ...columns: string[]) =>
  rows.reduce(
    (sum, row) => columns.reduce((total, column) => total + Number(row[column]), sum),
    0,
  );

/** The token account of a session closes and is the client's; returns it in words. */
async function checkAccount(dir: string, told: Told): Promise<string> {
  const lives = await readTable(`${dir}/request_lifecycle.csv`);
  assert.deepEqual(
    [lives.length, sumOf(lives, "prompt_tokens"), sumOf(lives, "generated_tokens")],
    [told.answers.length, told.prompt_tokens, told.generated_tokens],
  );
  const cached = sumOf(lives, "cached_tokens");
  const expected = told.prompt_tokens - cached + told.generated_tokens - lives.length;
  const { tokens } = JSON.parse(await Deno.readTextFile(`${dir}/session_summary.json`));
  assert.deepEqual([tokens.expected, tokens.difference], [expected, 0], JSON.stringify(tokens));
  for (const table of ["batch_utilization", "forward_pass_timing"]) {
    assert.equal(sumOf(await readTable(`${dir}/${table}.csv`), "num_tokens"), expected, table);
  }
  const preemptions = sumOf(lives, "num_preemptions");
  assert.ok(preemptions > 0, "nothing was preempted");
  assert.ok(tokens.recomputed > 0, JSON.stringify(tokens));
  const evictions = (await readTable(`${dir}/kv_cache_evictions.csv`)).length;
  assert.ok(evictions > 0, "nothing was evicted");
  return `${lives.length} requests, ${expected} tokens = ${told.prompt_tokens} prompt − ${cached} ` +
    `cached + ${told.generated_tokens} generated − ${lives.length}; ${preemptions} preemptions, ` +
    `${tokens.recomputed} tokens recomputed, ${evictions} KV blocks evicted`;
}

/** The routers' choices are tokens times top-k in each layer; returns them in words. */
async function checkExperts(dir: string): Promise<string> {
  const passes = await readTable(`${dir}/forward_pass_timing.csv`);
  const tokens = sumOf(passes, "context_tokens", "generation_tokens");
  const folder = `${dir}/moe_expert_tracking`;
  const activations = await readTable(`${folder}/moe_expert_activations.csv`);
  const pairs = await readTable(`${folder}/moe_expert_coselection.csv`);
  assert.equal(activations.length, 2 * 8);
  for (const layer of ["0", "1"]) {
    const of = (rows: Record<string, string>[]) => rows.filter((row) => row["layer_idx"] === layer);
    assert.equal(sumOf(of(activations), "activation_count"), 2 * tokens);
    assert.equal(sumOf(of(pairs), "coselection_count"), tokens);
  }
  return `${2 * tokens} choices of experts in each of 2 layers = ${tokens} tokens × top-2`;
}

for (const version of ENGINE_VERSIONS) {
  Deno.test({
    name: `vLLM ${version} (CPU) answers the same with the hooks, and their figures add up`,
    ignore: ASKED.length > 0 && !ASKED.includes(version),
    fn: async () => {
      const { python, dense, moe } = await engineOf(version);
      await inFolder(async (parent) => {
        const run = async (recipe: string, out: string, profiling: string, ...models: string[]) => {
          const argv = [recipe, "--quiet", "--out", `${parent}/${out}`, "--", python, SCRIPT];
          const ran = await vscope([...argv, ...models], {
            env: { ...OFFLINE_ENV, VLLM_ENABLE_PROFILING: profiling },
          });
          const log = await Deno.readTextFile(`${parent}/${out}/logs/stderr.log`).catch(() => "");
          assert.equal(ran.code, 0, ran.stderr + log.slice(-5000));
          return await toldIn(`${parent}/${out}`);
        };
        const untouched = await run("monitor", "off", "0", dense, moe);
        assert.equal((await namesIn(`${parent}/off`)).includes("processes"), false);
        assert.deepEqual(untouched.map(({ answers }) => answers.length), [15, 15]);
        const watched = [
          ...await run("monitor", "dense", "auto", dense),
          ...await run("moe", "moe", "auto", moe),
        ];
        assert.deepEqual(watched, untouched);

        const checks = [`${2 * 15} answers equal those without hooks, exit code 0`];
        for (const [place, name] of ["dense", "moe"].entries()) {
          const words = await checkAccount(`${parent}/${name}`, untouched[place]!);
          checks.push(`tiny ${name} model: ${words}`);
        }
        checks.push(`tiny moe model: ${await checkExperts(`${parent}/moe`)}`);

        const manifests = [await manifestOf(`${parent}/dense`), await manifestOf(`${parent}/moe`)];
        for (const { status, notes } of manifests) {
          assert.equal(status, "complete", JSON.stringify(notes));
        }
        const hooks = hooksOf(manifests.flatMap(({ hooks }) => hooks));
        assert.deepEqual(hooks.filter(({ status }) => status === "failed"), []);
        assert.ok(hooks.every(({ status, reason }) => status === "attached" || reason));
        const attached = new Set(
          hooks.filter(({ status }) => status === "attached").map(({ name }) => name),
        );
        assert.deepEqual([...AT_WORK, "moe_expert"].filter((name) => !attached.has(name)), []);
        const { versions } = manifests[0]!;
        assert.match(versions["vllm"]!, new RegExp(`^${RegExp.escape(version)}\\b`));
        if (RECORD) {
          await writeRan({
            vllm: version,
            on: "CPU",
            date: new Date().toISOString().slice(0, 10),
            by: "tests/long/versions_test.ts",
            python: versions["python"]!,
            torch: versions["torch"]!,
            checks,
            hooks,
          }, RECORD);
        }
      });
    },
  });
}
