import assert from "node:assert/strict";
import type { StageRecord } from "../../kit/bundle/manifest.ts";
import { ProcessTracker } from "../../kit/engine/system/process_table.ts";
import { readTable } from "../bundle/raw.ts";
import { startVscope, vscope } from "../cli.ts";
import { until } from "../engine/processes.ts";
import { SECRET } from "../nvidia/tool_machine.ts";
import { engine } from "./engine.ts";
import { opensInChromium } from "./page.ts";
import { withNsys } from "./with_nsys.ts";

/** The tiny mixture of experts as a person may have it: a config, no weights, no tokenizer. */
async function bareModel(dir: string): Promise<Record<string, number>> {
  const { models } = await engine();
  const config = await Deno.readTextFile(`${models}/tiny-moe/config.json`);
  await Deno.mkdir(dir);
  await Deno.writeTextFile(`${dir}/config.json`, config);
  return JSON.parse(config);
}

Deno.test("full on a real server: killed after the recording it goes on without recording again, counts the experts, and makes one page", async () => {
  const { python } = await engine();
  await withNsys(async (dir, env) => {
    const model = `${dir}/model`;
    const { num_hidden_layers: layers, num_experts_per_tok: chosen } = await bareModel(model);
    const out = `${dir}/run`;
    const args = [
      ...["full", "--json", "--out", out, "--model", model, "--python", python],
      ...["--load-format", "dummy", "--requests", "6", "--concurrency", "3"],
      ...["--prompt-tokens", "40", "--output-tokens", "8", "--", "--enforce-eager"],
      ...["--dtype", "bfloat16", "--max-model-len", "512", "--max-num-seqs", "8"],
      ...["--num-gpu-blocks-override", "64"],
    ];
    const journal = () => Deno.readTextFile(`${out}/journal.jsonl`).catch(() => "");
    const first = startVscope(args, { env });
    const tracker = new ProcessTracker(crypto.randomUUID());
    tracker.watch(first.pid);
    const timer = setInterval(() => tracker.update(), 300);
    let over = false;
    first.status.then(() => over = true);
    await until(
      "it is recorded",
      400_000,
      async () => over || /"end".*"nsys-record".*"complete"/.test(await journal()),
    );
    first.kill("SIGKILL");
    const { stderr } = await first.output();
    assert.match(await journal(), /"nsys-record"/, new TextDecoder().decode(stderr));
    await until("all have ended", 120_000, () => tracker.alive().length === 0);
    clearInterval(timer);

    const ran = await vscope([...args.slice(0, 1), "--resume", ...args.slice(1)], { env });
    assert.equal(ran.code, 0, ran.stderr);
    const document = JSON.parse(ran.stdout);
    assert.equal(document.status, "complete");
    assert.deepEqual(
      document.stages.map(({ name, status }: StageRecord) => `${name} ${status}`),
      ["nsys-record", "nsys-export", "nsys-analysis", "moe", "report"].map((name) =>
        `${name} complete`
      ),
    );
    assert.ok(document.kept.includes("nsys-record"));
    const calls = (await Deno.readTextFile(`${dir}/nsys/calls.jsonl`)).trim().split("\n")
      .map((line) => JSON.parse(line).argv[0]);
    assert.equal(calls.filter((verb) => verb === "profile").length, 1);

    // Every token of the load, and of the four requests that warmed up, chose its experts in each layer.
    const activations = await readTable(
      `${out}/moe/moe_expert_tracking/moe_expert_activations.csv`,
    );
    const total = activations.reduce((sum, row) => sum + Number(row["activation_count"]), 0);
    const answers = JSON.parse(await Deno.readTextFile(`${out}/moe/client_requests.json`)) as {
      promptTokens: number;
      completionTokens: number;
    }[];
    const computed = answers.reduce(
      (sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens - 1,
      0,
    );
    assert.equal(answers.length, 6);
    assert.equal(total, (computed + 4 * (40 + 4 - 1)) * layers! * chosen!);

    assert.equal((await vscope(["bundle", "validate", out])).code, 0);
    const analysis = await vscope(["analyze", out, "--json"]);
    assert.equal(JSON.parse(analysis.stdout).gpu.kernel_count, 1216, analysis.stderr);
    for await (const { path } of files(out)) {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
      assert.ok(!text.includes(SECRET), path);
    }
    await opensInChromium(`${out}/report.html`, /full: where the time and memory went/);
    const page = await Deno.readTextFile(`${out}/report.html`);
    for (
      const part of ["Phases.", "Kinds of work.", "One step", 'id="experts"', "moe/report.html"]
    ) {
      assert.ok(page.includes(part), part);
    }
  });
});

async function* files(dir: string): AsyncGenerator<{ path: string }> {
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (isDirectory) yield* files(`${dir}/${name}`);
    else yield { path: `${dir}/${name}` };
  }
}
