/** Many sweeps with an engine that costs nothing: what goes on, what is kept, what is told. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { readJournal } from "../../../kit/sweep/measure/journal.ts";
import recipe from "../../../recipes/sweep_all.ts";
import { ended, startVscope, vscope, vscopeHere } from "../../cli.ts";
import { until } from "../../engine/processes.ts";
import { runRecipe } from "../../engine/run_recipe.ts";
import { inFolder, namesIn } from "../../folders.ts";

const FAKE = fileURLToPath(new URL("../../sweep/fixtures/fake_python.py", import.meta.url));
const DENSE = "Qwen/Qwen3-0.6B";
const EXPERTS = "mistralai/Mixtral-8x7B-v0.1";
const optionsWith = (python: string) => [
  ...["--hardware", "H", "--python", python, "--json", "--only", "dense"],
  ...["--max-num-batched-tokens", "16", "--max-num-seqs", "4"],
];
const OPTIONS = optionsWith(FAKE);
const ONE = ["--tp-degrees", "1"];
const OFFLINE = { HF_HUB_OFFLINE: "1" };

/** Model, status and whether it was kept, of each sweep. */
const told = (json: { sweeps: { model: string; status: string; kept: boolean }[] }) =>
  json.sweeps.map(({ model, status, kept }) => `${model} ${status}${kept ? " before" : ""}`);

async function sweepAll(cwd: string, args: string[], env: Record<string, string> = {}) {
  // One that is killed is a process of its own.
  const run = env["FAKE_CUT"] === undefined ? vscopeHere : vscope;
  const ran = await run(["sweep-all", ...OPTIONS, ...args], {
    cwd,
    env: { ...OFFLINE, ...env },
  });
  const json = ran.stdout === "" ? {} : JSON.parse(ran.stdout);
  return { ...ran, json, dir: `${cwd}/perf/H` };
}

const shots = async (dir: string, model: string) =>
  (await readJournal(Deno, `${dir}/${model}/bf16`)).shots;

/** The plan of a batch. */
async function dryRun(args: string[], env: Record<string, string> = {}, list?: string) {
  return await inFolder(async (dir) => {
    if (list !== undefined) await Deno.writeTextFile(`${dir}/models.yaml`, list);
    const ran = await runRecipe(recipe as never, ["--dry-run", "--json", ...args], {
      cwd: dir,
      out: dir,
      env: { ...OFFLINE, ...env },
    });
    assert.deepEqual(await namesIn(dir), list === undefined ? [] : ["models.yaml"]);
    return { ...ran, message: ran.said.join("\n") };
  });
}

Deno.test("without a list the plan has the usual three models at TP 1 and 2", async () => {
  const { code, json } = await dryRun(["--hardware", "H200"]);
  assert.equal(code, 0);
  // deno-lint-ignore no-explicit-any -- a document
  const { sweeps, seconds, out } = json as any;
  assert.deepEqual(
    sweeps.map((sweep: Record<string, unknown>) => [sweep["model"], sweep["tp"], sweep["variant"]]),
    [
      ["Qwen/Qwen3-32B", [1, 2], "bf16"],
      ["Qwen/Qwen3-30B-A3B-Instruct-2507", [1, 2], "bf16"],
      ["meta-llama/Llama-3.1-8B", [1, 2], "bf16"],
    ],
  );
  assert.match(out, /\/perf\/H200$/);
  const each = sweeps.map((sweep: { estimate: { seconds: number } }) => sweep.estimate.seconds);
  assert.equal(seconds, each.reduce((sum: number, value: number) => sum + value, 0));
});

Deno.test("a file's entries have options and variants of their own, and the environment the others'", async () => {
  const list = `- ${DENSE}\n- model: ${EXPERTS}\n  variants: [bf16, fp8-kvfp8]\n  tp-degrees: 1\n`;
  const args = ["--hardware", "H", "--models", "models.yaml"];
  const { code, json } = await dryRun(args, { TP_DEGREES: "1,2,4", SKIP_SKEW: "1" }, list);
  assert.equal(code, 0);
  // deno-lint-ignore no-explicit-any -- a document
  const { sweeps } = json as any;
  assert.deepEqual(
    sweeps.map((sweep: Record<string, unknown>) => [sweep["folder"], sweep["tp"]]),
    [[`${DENSE}/bf16`, [1, 2, 4]], [`${EXPERTS}/bf16`, [1]], [`${EXPERTS}/fp8-kvfp8`, [1]]],
  );
  assert.ok(!("skew" in sweeps[0].categories));
});

Deno.test("MODELS may be a list, and a model that is there twice is measured once", async () => {
  const { json } = await dryRun(["--hardware", "H"], { MODELS: `${DENSE},${EXPERTS}, ${DENSE}` });
  // deno-lint-ignore no-explicit-any -- a document
  assert.deepEqual((json as any).sweeps.map(({ model }: any) => model), [DENSE, EXPERTS]);
});

Deno.test("a degree or a model that cannot be is left out by itself, and told", async () => {
  const { code, json, message } = await dryRun(
    ["--hardware", "H", "--tp-degrees", "1,7", DENSE, "no/model"],
  );
  assert.equal(code, 0, message);
  // deno-lint-ignore no-explicit-any -- a document
  const { sweeps, warnings } = json as any;
  assert.deepEqual(sweeps[0].tp, [1]);
  assert.match(sweeps[0].refused, /cannot be split over 7 GPUs/);
  assert.match(sweeps[1].refused, /the model "no\/model" is neither in configs\/model/);
  assert.equal(warnings.length, 2);
});

Deno.test("what no batch can be is refused, and nothing is started", async () => {
  const list = `- model: ${DENSE}\n  tp-degrees: 1\n- model: ${DENSE}\n`;
  const cases: [string[], RegExp, string?][] = [
    [["--hardware", "H", "no/model"], /none of 1 sweeps can be: no\/model: the model "no\/model"/],
    [["--hardware", "H", "--models", "none.yaml"], /there is no file "none\.yaml"/],
    [["--hardware", "H", "--models", "a/b", "c/d"], /named by --models .* and behind the command/],
    [["--hardware", "H", "a/b", "-"], /"-" is standard input, and other models are named too/],
    [["--hardware", "H", DENSE, "--variants", "bf17"], /"bf17" is no variant/],
    [["--hardware", "H", DENSE, "--variants", "bf16", "--dtype", "fp8"], /DTYPE.* does so too/],
    [["--hardware", "H", "--models", "models.yaml"], /is there twice with different options/, list],
  ];
  for (const [args, wanted, models] of cases) {
    const { code, message } = await dryRun(args, {}, models);
    assert.equal(code, 2, message);
    assert.match(message, wanted);
  }
});

Deno.test("a model that fails does not stop the others, and the table says why", async () => {
  await inFolder(async (cwd) => {
    const args = ["sweep-all", ...OPTIONS.filter((word) => word !== "--json"), ...ONE];
    const ran = await vscopeHere([...args, EXPERTS, "no/model", DENSE], {
      cwd,
      env: { ...OFFLINE, FAKE_BROKEN: "mixtral" },
    });
    assert.equal(ran.code, 1, ran.stderr);
    const rows = ran.stdout.trimEnd().split("\n").map((line) => line.trim().split(/\s{2,}/));
    assert.deepEqual(rows[0], ["model", "variant", "TP", "status", "took"]);
    assert.deepEqual(rows[1]!.slice(0, 4), [EXPERTS, "bf16", "1", "failed"]);
    assert.match(rows[2]![0]!, /vLLM did not start: ValueError: mixtral is broken/);
    assert.deepEqual(rows[3], ["no/model", "1", "failed"]);
    assert.match(rows[4]![0]!, /^the model "no\/model" is neither/);
    assert.deepEqual(rows[5]!.slice(0, 4), [DENSE, "bf16", "1", "complete"]);
    const dir = `${cwd}/perf/H`;
    const manifest = (await readManifest(Deno, dir))!;
    assert.equal(manifest.status, "partial");
    assert.deepEqual(manifest.stages!.map(({ status }) => status), [
      "failed",
      "failed",
      "complete",
    ]);
    assert.deepEqual(await validateBundle(Deno, dir), []);
    // The sweeps list their files themselves.
    assert.ok(manifest.artifacts.every(({ path }) => /^(logs\/[^/]+|journal\.jsonl)$/.test(path)));
    const again = await sweepAll(cwd, [...ONE, EXPERTS, DENSE]);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(told(again.json), [`${EXPERTS} complete`, `${DENSE} complete before`]);
  });
});

Deno.test("a batch that is killed goes on, and fires no shot again", async () => {
  await inFolder(async (cwd) => {
    const first = await sweepAll(cwd, [...ONE, DENSE]);
    assert.equal(first.code, 0, first.stderr);
    const before = await shots(first.dir, DENSE);
    const killed = await sweepAll(cwd, [...ONE, DENSE, EXPERTS], { FAKE_CUT: "4" });
    assert.notEqual(killed.code, 0);
    assert.equal((await readManifest(Deno, killed.dir))!.status, undefined);
    assert.equal((await shots(killed.dir, EXPERTS)).length, 4);
    const went = await sweepAll(cwd, [...ONE, DENSE, EXPERTS]);
    assert.equal(went.code, 0, went.stderr);
    assert.deepEqual(told(went.json), [`${DENSE} complete before`, `${EXPERTS} complete`]);
    assert.deepEqual(await shots(went.dir, DENSE), before);
    const keys = (await shots(went.dir, EXPERTS)).map(({ k }) => k);
    assert.ok(keys.length > 4);
    assert.equal(new Set(keys).size, keys.length);
  });
});

Deno.test("what is done needs no vLLM, and what lost a file or has other options is done again", async () => {
  await inFolder(async (cwd) => {
    const first = await sweepAll(cwd, [...ONE, DENSE]);
    assert.equal(first.code, 0, first.stderr);
    const none = await vscopeHere(["sweep-all", ...optionsWith("/bin/false"), ...ONE, DENSE], {
      cwd,
      env: OFFLINE,
    });
    assert.equal(none.code, 0, none.stderr);
    const table = `${first.dir}/${DENSE}/bf16/tp1/dense.csv`;
    const text = await Deno.readTextFile(table);
    await Deno.remove(table);
    const mended = await sweepAll(cwd, [...ONE, DENSE]);
    assert.deepEqual(told(mended.json), [`${DENSE} complete`]);
    assert.equal(await Deno.readTextFile(table), text);
    const wider = await sweepAll(cwd, [DENSE]);
    assert.deepEqual(told(wider.json), [`${DENSE} complete`]);
    assert.deepEqual(await namesIn(`${first.dir}/${DENSE}/bf16/tp2`), ["dense.csv"]);
  });
});

Deno.test("the time budget is that of all sweeps", async () => {
  await inFolder(async (cwd) => {
    const args = [...ONE, DENSE, EXPERTS];
    const cut = await sweepAll(cwd, [...args, "--time-budget", "8s"], { FAKE_HOLD: "1 never" });
    assert.equal(cut.code, 1);
    const [first, second] = told(cut.json);
    // Where this machine is busy no shot may have been fired in time.
    assert.match(first!, /^Qwen\/Qwen3-0\.6B (partial|failed)$/);
    assert.equal(second, `${EXPERTS} waiting`);
    assert.match(JSON.stringify(cut.json.notes), /not begun: 1; the time budget of 8 s is spent/);
    assert.match(cut.json.sweeps[0].reason, /The time budget of [\d.]+ s is spent/);
    const went = await sweepAll(cwd, args);
    assert.deepEqual(told(went.json), [`${DENSE} complete`, `${EXPERTS} complete`]);
  });
});

Deno.test("Ctrl-C ends the sweep under way in order, and begins no other", async () => {
  await inFolder(async (cwd) => {
    const args = ["sweep-all", ...OPTIONS, ...ONE, DENSE, EXPERTS];
    const child = startVscope(args, { cwd, env: { ...OFFLINE, FAKE_HOLD: "4 never" } });
    const output = ended(child);
    const dir = `${cwd}/perf/H`;
    await until("a few shots", 300_000, async () => (await shots(dir, DENSE)).length > 1);
    child.kill("SIGINT");
    const { code, stdout } = await output;
    assert.equal(code, 130);
    assert.deepEqual(told(JSON.parse(stdout)), [`${DENSE} interrupted`, `${EXPERTS} waiting`]);
    assert.equal((await readManifest(Deno, dir))!.status, "interrupted");
    assert.equal((await readManifest(Deno, `${dir}/${DENSE}/bf16`))!.status, "interrupted");
    assert.deepEqual(await validateBundle(Deno, dir), []);
  });
});

Deno.test("the list comes on standard input too", async () => {
  await inFolder(async (cwd) => {
    const cli = fileURLToPath(new URL("../../../cli.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", cli, "sweep-all", ...OPTIONS, "-"],
      cwd,
      env: { ...OFFLINE, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`# mine\n${DENSE} tp-degrees=1\n`));
    await writer.close();
    const { code, stdout, stderr } = await ended(child);
    assert.equal(code, 0, stderr);
    assert.deepEqual(told(JSON.parse(stdout)), [`${DENSE} complete`]);
  });
});

Deno.test("another bundle's folder is left as it is", async () => {
  await inFolder(async (cwd) => {
    const first = await sweepAll(cwd, [...ONE, DENSE]);
    const inside = await sweepAll(cwd, [...ONE, DENSE, "--out", `${first.dir}/${DENSE}/bf16`]);
    assert.equal(inside.code, 2);
    assert.match(inside.stderr, /is a bundle of sweep; give another folder with --out/);
    assert.deepEqual(await validateBundle(Deno, `${first.dir}/${DENSE}/bf16`), []);
  });
});
