/** The page of a sweep. */

import assert from "node:assert/strict";
import { generateReport } from "../../kit/report/generate.ts";
import { UsageError } from "../../kit/contract/errors.ts";
import { vscopeHere } from "../cli.ts";
import { inFolder, namesIn } from "../folders.ts";
import { edit, writeSweep } from "../sweep/made.ts";

async function page(dir: string, against?: string): Promise<string> {
  const { path } = await generateReport(Deno, dir, undefined, against);
  return await Deno.readTextFile(path);
}

/** Values of the `title` of marks within a figure. */
function titles(html: string, id: string): string[] {
  const figure = html.slice(html.indexOf(`<figure class="chart" id="${id}">`));
  assert.ok(html.includes(`id="${id}"`), id);
  const end = figure.indexOf("</figure>");
  return [...figure.slice(0, end).matchAll(/<title>([^<]*)<\/title>/g)].map(([, text]) => text!);
}

Deno.test("each layer has its curve, each shape its field, with the figure of the table", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    const html = await page(dir);
    // 3 · (4 + 64 / 10) µs, as made.ts has it, and half of it at TP 2.
    assert.ok(titles(html, "dense-tp1").includes("qkv_proj: 31.2 µs at 64"));
    assert.ok(titles(html, "dense-tp2").includes("qkv_proj: 15.6 µs at 64"));
    assert.ok(titles(html, "per_sequence-tp1").includes("lm_head: 43.2 µs at 8"));
    assert.ok(
      titles(html, "attention-prefill-tp1").some((text) =>
        text.startsWith("tokens of the chunk 64, history 0: 46 µs")
      ),
      titles(html, "attention-prefill-tp1").join("\n"),
    );
    assert.ok(
      titles(html, "attention-decode-tp1").some((text) =>
        text.startsWith("decodes 8, history of each 1024: 86.9 µs")
      ),
    );
    assert.ok(titles(html, "moe-tp1").includes("8 experts: 36 µs at 64"));
    assert.ok(titles(html, "skew-tp1").some((text) => text.startsWith("chunk 32: 0.35 to 0.35")));
    assert.match(html, /Error of interpolation/);
    assert.match(html, /Qwen\/Qwen3-30B-A3B-Instruct-2507/);
    const main = html.slice(html.indexOf("<main>"), html.indexOf("</main>"));
    assert.equal(/.{0,80}(NaN|undefined|Infinity)/.exec(main)?.[0], undefined);
    // A sweep of another tool is not turned into a bundle of ours.
    assert.ok(!(await namesIn(dir)).includes("bundle.json"));
  });
});

Deno.test("a sweep of several runs tells of them, and on how many GPUs they were", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    const runs = async () => /<dt>Runs<\/dt>\s*<dd>([^<]*)/.exec(await page(dir))?.[1];
    assert.equal(await runs(), undefined);
    const line = (gpu: string) => `  - { gpu_uuid_sha256: ${gpu} }\n`;
    await edit(
      `${dir}/meta.yaml`,
      (text) => `${text}sweeps:\n${line("aa")}${line("bb")}${line("aa")}`,
    );
    assert.equal(await runs(), "3, on 2 GPUs");
  });
});

Deno.test("a second sweep is drawn over the first, and their ratio is told", async () => {
  await inFolder(async (dir) => {
    await writeSweep(`${dir}/one`);
    await writeSweep(`${dir}/two`, [1]);
    await edit(`${dir}/two/meta.yaml`, (text) => text.replace("hardware: H200", "hardware: H100"));
    await edit(
      `${dir}/two/tp1/attention.csv`,
      (text) => text.replaceAll(/,([\d.]+)$/gm, (_, time) => `,${2 * Number(time)}`),
    );
    const html = await page(`${dir}/one`, `${dir}/two`);
    const ratios = titles(html, "attention-decode-ratio-tp1");
    assert.ok(ratios.length > 10);
    assert.deepEqual(new Set(ratios.map((text) => text.split(": ")[1])), new Set(["2"]));
    assert.ok(!html.includes("attention-decode-ratio-tp2"));
    assert.match(html, /H100 Qwen\/Qwen3-30B-A3B-Instruct-2507 bf16/);
    const alone = await page(`${dir}/one`);
    assert.doesNotMatch(alone, /H100/);
  });
});

Deno.test("a sweep of only some tables has the page of those", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir, [1]);
    for (const name of ["skew", "moe", "dense", "attention"]) {
      await Deno.remove(`${dir}/tp1/${name}.csv`);
    }
    await Deno.remove(`${dir}/meta.yaml`);
    const html = await page(dir);
    assert.match(html, /id="per_sequence-tp1"/);
    assert.doesNotMatch(html, /id="(dense|moe|skew|attention)/);
  });
});

Deno.test("over what is no sweep nothing is drawn", async () => {
  await inFolder(async (dir) => {
    await writeSweep(`${dir}/one`, [1]);
    await Deno.mkdir(`${dir}/two`);
    await assert.rejects(page(`${dir}/one`, `${dir}/two`), UsageError);
    const none = await vscopeHere(["report", `${dir}/two`]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /it holds no bundle.json/);
  });
});

Deno.test("where device and sizes are known, products are drawn with their roofline", async () => {
  await inFolder(async (dir) => {
    await writeSweep(dir);
    assert.doesNotMatch(await page(dir), /roofline/);
    const sizes = {
      hidden_size: 2048,
      num_attention_heads: 32,
      num_key_value_heads: 4,
      head_dim: 128,
      vocab_size: 151936,
    };
    await edit(
      `${dir}/meta.yaml`,
      (text) =>
        `${text.replace(/^gpu: .*$/m, "gpu: NVIDIA H200")}model_sizes: ${JSON.stringify(sizes)}\n`,
    );
    const html = await page(dir);
    assert.match(html, /H200 Tensor Core GPU datasheet/);
    const share = (tp: number, layer: string) =>
      new RegExp(`TP ${tp}: the roofline over the time[\\s\\S]*?${layer}</td>(.*?)</tr>`)
        .exec(html.replaceAll(/\n/g, ""))?.[1]?.replaceAll(/<[^>]*>/g, " ").trim().split(/\s+/);
    // 2048 · 5120 weights and 64 · 7168 activations of two bytes at 4800 GB/s: 4.56 µs, of 31.2.
    assert.deepEqual(share(1, "qkv_proj"), ["64", "31.2", "4.56", "15", "%"]);
    // Half of the heads: 2048 · 2560 and 64 · 4608, of 15.6 µs.
    assert.deepEqual(share(2, "qkv_proj"), ["64", "15.6", "2.31", "15", "%"]);
    // A model without dense MLPs has no width of them.
    assert.equal(share(1, "gate_up_proj"), undefined);
    await edit(`${dir}/meta.yaml`, (text) => text.replace("NVIDIA H200", "NVIDIA H200 MIG 1g"));
    assert.doesNotMatch(await page(dir), /roofline/);
  });
});
