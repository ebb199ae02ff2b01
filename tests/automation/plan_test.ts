import assert from "node:assert/strict";
import type { RunContext } from "../../kit/contract/context.ts";
import { expertsOf, readModel } from "../../kit/engine/automation/model.ts";
import full from "../../recipes/full.ts";
import quick from "../../recipes/quick.ts";
import { type RecipeRun, runRecipe } from "../engine/run_recipe.ts";
import { fc } from "../deps.ts";
import { inFolder, namesIn } from "../folders.ts";

type Run = RecipeRun<undefined>;
const recipes = { quick, full } as unknown as Record<string, Parameters<typeof runRecipe>[0]>;

/** Runs a recipe on a machine that has nothing. */
async function on(
  recipe: "quick" | "full",
  args: string[],
  check: (run: Run, dir: string) => void | Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  await inFolder(async (dir) => {
    const where = { cwd: dir, out: `${dir}/run`, env: { HOME: dir, PATH: "/nowhere", ...env } };
    await check(await runRecipe<undefined>(recipes[recipe]!, ["--json", ...args], where), dir);
  });
}

interface Planned {
  stages: {
    name: string;
    seconds: number;
    disk_bytes: number;
    needs: string[];
    condition?: string;
  }[];
  processes: { name: string; argv: string[] }[];
  files: { path: string }[];
  seconds: number;
  disk_bytes: number;
}

async function planned(recipe: "quick" | "full", args: string[]): Promise<Planned> {
  let plan: unknown;
  await on(recipe, ["--dry-run", "--model", "org/M", ...args], ({ json, code }) => {
    assert.equal(code, 0, JSON.stringify(json));
    plan = json;
  });
  return plan as Planned;
}

const names = ({ stages }: Planned) => stages.map(({ name }) => name);
const NSYS = ["nsys-record", "nsys-export", "nsys-analysis"];
const NCU = ["ncu-measure", "ncu-tables"];

Deno.test("a dry run has all stages with their commands, files, seconds and disk, and needs no tool", async () => {
  const plan = await planned("quick", [
    "--tensor-parallel-size",
    "2",
    "--",
    "--max-model-len=4096",
  ]);
  assert.deepEqual(names(plan), [...NSYS, "report"]);
  const [nsys] = plan.processes;
  assert.match(
    nsys!.argv.join(" "),
    /^nsys profile .*\/nsys\/rep .*vllm serve org\/M --host 127.0.0.1 --port 0 --tensor-parallel-size 2 --max-model-len=4096 --profiler-config.profiler=cuda/,
  );
  assert.equal(plan.seconds, plan.stages.reduce((sum, { seconds }) => sum + seconds, 0));
  assert.equal(plan.disk_bytes, plan.stages.reduce((sum, { disk_bytes }) => sum + disk_bytes, 0));
  // The promise for a small model with a warm cache.
  assert.ok(plan.seconds < 240);
  assert.deepEqual(plan.stages[1]!.needs, ["nsys-record"]);
  for (const path of ["nsys/rep.sqlite", "nsys/analysis.json", "report.html", "journal.jsonl"]) {
    assert.ok(plan.files.some((file) => file.path === path), path);
  }
});

Deno.test("modes and switches choose the stages, under either name", async () => {
  const all = [...NSYS, "moe", "report"];
  for (
    const [recipe, args, wanted] of [
      ["full", [], all],
      ["full", ["--no-moe"], [...NSYS, "report"]],
      ["full", ["--mode", "quick"], [...NSYS, "report"]],
      ["quick", ["--mode", "full"], all],
      ["quick", ["--moe"], all],
      ["quick", ["--with-ncu"], [...NSYS, ...NCU, "report"]],
      ["full", ["--with-ncu"], [...NSYS, ...NCU, "moe", "report"]],
      ["quick", ["--no-report"], NSYS],
      ["quick", ["--mode", "moe"], ["moe", "report"]],
      ["full", ["--mode=moe", "--no-report"], ["moe"]],
    ] as const
  ) assert.deepEqual(names(await planned(recipe, [...args])), wanted, `${recipe} ${args}`);
  const condition = async (...args: string[]) =>
    (await planned("full", args)).stages.find(({ name }) => name === "moe")!.condition;
  assert.match((await condition())!, /no experts/);
  assert.equal(await condition("--moe"), undefined);
});

Deno.test("bad input is one sentence, and nothing is started", async () => {
  for (
    const [args, said] of [
      [[], /no model is given.*--model/],
      [["--model", "M", "--", "vllm", "serve", "M"], /"vllm" is none; write .*--model M -- /],
      [["--model", "M", "--", "--model", "N"], /--model stands behind/],
      [
        ["--model", "M", "--load-format", "dummy", "--", "--load-format=auto"],
        /--load-format is given/,
      ],
      [["--model", "M", "--mode", "moe", "--with-ncu"], /leave out --with-ncu/],
      [["--model", "M", "--mode", "moe", "--no-moe"], /leave out --no-moe/],
      [["--model", "M", "--category", "moe"], /--category is for --with-ncu/],
      [["--model", "M", "--out", "a", "--output-dir", "b"], /--output-dir is "b" and --out "a"/],
      [["--model", "M", "--resume"], /--resume needs the folder/],
      [["--model", "M", "--resume", "--out", "a"], /holds no run of quick/],
      [["--model", "./none"], /there is no such folder/],
      [["--model", "org/M"], /no nsys on PATH; install NVIDIA Nsight Systems/],
      [["--model", "org/M", "--mode", "moe"], /no program "vllm"/],
    ] as const
  ) {
    await on("quick", [...args], async ({ code, json }, dir) => {
      assert.equal(code, 2, args.join(" "));
      assert.match(json.error!.message, said);
      assert.deepEqual(await namesIn(dir), [], args.join(" "));
    });
  }
});

/** The part of a context that looks at files. */
const looks = (cwd: string, env: Record<string, string> = {}) =>
  ({ files: Deno, cwd, env }) as unknown as RunContext;

Deno.test("a model's folder tells of experts, weights and a tokenizer; the cache of the hub of experts", async () => {
  await inFolder(async (dir) => {
    const write = async (path: string, value: unknown) => {
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, JSON.stringify(value));
    };
    await write(`${dir}/bare/config.json`, { num_experts: 128 });
    const bare = await readModel(looks(dir), "bare");
    assert.deepEqual([bare.experts, bare.hasTokenizer, bare.hasWeights], [128, false, false]);
    await write(`${dir}/whole/config.json`, { text_config: { num_local_experts: 8 } });
    for (const name of ["tokenizer.json", "model-00001-of-00002.safetensors"]) {
      await write(`${dir}/whole/${name}`, "");
    }
    const whole = await readModel(looks(dir), `${dir}/whole/`);
    assert.deepEqual([whole.experts, whole.hasTokenizer, whole.hasWeights], [8, true, true]);
    await write(`${dir}/hub/models--org--M/snapshots/abc/config.json`, { model_type: "llama" });
    const cached = await readModel(looks(dir, { HF_HUB_CACHE: `${dir}/hub` }), "org/M");
    assert.equal(cached.experts, 0);
    assert.deepEqual(await readModel(looks(dir, { HOME: dir }), "org/Other"), {});
    await Deno.mkdir(`${dir}/empty`);
    await assert.rejects(readModel(looks(dir), "empty"), /holds no config.json/);
    await Deno.writeTextFile(`${dir}/empty/config.json`, "{");
    await assert.rejects(readModel(looks(dir), "empty"), /its config.json/);
  });
});

Deno.test("whatever a config is, experts are a number, or it is no config", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (config) => {
      try {
        assert.ok(expertsOf(config) >= 0);
      } catch (error) {
        assert.match(String(error), /no JSON object/);
      }
    }),
  );
});

Deno.test("a folder without weights is noise only if a person says so", async () => {
  await inFolder(async (dir) => {
    await Deno.mkdir(`${dir}/m`);
    await Deno.writeTextFile(`${dir}/m/config.json`, "{}");
    const where = { cwd: dir, out: `${dir}/run`, env: { HOME: dir, PATH: "/nowhere" } };
    const args = ["--json", "--model", "m"];
    const refused = await runRecipe<undefined>(recipes["quick"]!, args, where);
    assert.match(refused.json.error!.message, /holds no weights; add --load-format dummy/);
    for (const said of [["--load-format", "dummy"], ["--", "--load-format=dummy"]]) {
      const next = await runRecipe<undefined>(recipes["quick"]!, [...args, ...said], where);
      assert.match(next.json.error!.message, /no nsys on PATH/);
    }
  });
});
