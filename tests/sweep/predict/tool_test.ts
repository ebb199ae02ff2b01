/** `vscope bundle predict` as people and scripts call it. */

import assert from "node:assert/strict";
import { startVscope, vscopeHere } from "../../cli.ts";
import { inFolder } from "../../folders.ts";
import { edit, writeSweep } from "../made.ts";
import { withSweep } from "./opened.ts";

Deno.test("the document has each layer, and adds up", async () => {
  await withSweep(async (dir) => {
    const { code, stdout, stderr } = await vscopeHere([
      ...["bundle", "predict", dir, "--json", "--tp", "2"],
      ...["--shape", "40+0,8x1+9000"],
    ]);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    assert.equal(document.schema_version, 1);
    assert.deepEqual(
      [document.method, document.tp, document.model, document.num_layers],
      ["interpolated", 2, "Qwen/Qwen3-30B-A3B-Instruct-2507", 48],
    );
    assert.equal(document.notes.length, 2);
    const [prediction] = document.predictions;
    assert.deepEqual(prediction.batch, { tokens: 48, requests: 9, prefills: 1, decodes: 8 });
    const total = prediction.layers.reduce(
      (sum: number, { total_us }: { total_us: number }) => sum + total_us,
      0,
    );
    assert.ok(Math.abs(total - prediction.time_us) < 0.001);
    const calls = (layer: string) =>
      prediction.layers.find((entry: { layer: string }) => entry.layer === layer).calls;
    assert.deepEqual(["embedding", "layernorm", "attention", "lm_head"].map(calls), [1, 96, 48, 1]);
    assert.deepEqual(prediction.missing_layers, []);
    assert.ok(prediction.extrapolated.some(({ axis }: { axis: string }) => axis === "kv_decode"));
  });
});

Deno.test("batches come from a file or standard input, and keep their ids", async () => {
  await withSweep(async (dir) => {
    const lines = '{"id":"a","shape":"12"}\n{"id":7,"decodes":[{"history":99,"count":3}]}\n';
    await Deno.writeTextFile(`${dir}/lines`, lines);
    const args = ["bundle", "predict", dir, "--method", "reference", "--json", "--batch"];
    const file = JSON.parse((await vscopeHere([...args, `${dir}/lines`])).stdout);
    assert.deepEqual(file.predictions.map(({ id }: { id: unknown }) => id), ["a", 7]);
    assert.ok(Number.isInteger(Math.round(file.predictions[0].time_us * 1e6) / 1000));
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", 'exec "$@" < "$0"', `${dir}/lines`, Deno.execPath(), "run", "-A", "--quiet"]
        .concat(new URL("../../../cli.ts", import.meta.url).pathname, args, "-"),
      stdout: "piped",
    }).output();
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), file);
  });
});

Deno.test("bad input ends with one sentence and code 2", async () => {
  await inFolder(async (dir) => {
    await writeSweep(`${dir}/sweep`);
    await Deno.mkdir(`${dir}/empty`);
    const sweep = `${dir}/sweep`;
    for (
      const [args, why] of [
        [[sweep], /there is no batch; give --shape/],
        [[sweep, "--shape", "12", "--batch", "x"], /both given/],
        [[sweep, "--shape", "12y"], /"12y" is no group of requests/],
        [[sweep, "--batch", `${dir}/none`], /there is no such file/],
        [[sweep, "--shape", "12", "--tp", "4"], /it has no tp4; it was measured at TP degree 1, 2/],
        [[`${dir}/empty`, "--shape", "12"], /holds no folder tp1/],
        [[sweep, "--shape", "12", "--model", `${dir}/none.json`], /there is no file/],
      ] as const
    ) {
      const { code, stdout, stderr } = await vscopeHere(["bundle", "predict", ...args]);
      assert.equal(code, 2, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, why);
      assert.match(stderr, /^vscope: Cannot [^\n]*\n$/);
    }
    await edit(`${sweep}/meta.yaml`, (text) => text.replace(/\nmodel: .*/, "\nmodel: tiny"));
    const unknown = await vscopeHere(["bundle", "predict", sweep, "--shape", "12"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /its model "tiny" is not known here; give its ID or its config/);
    const table = `${sweep}/tp1/attention.csv`;
    await edit(table, (text) => text.replace(/\n(.*),[\d.]+\n/, "\n$1,fast\n"));
    const bad = await vscopeHere([
      ...["bundle", "predict", sweep, "--shape", "12"],
      ...["--model", "Qwen/Qwen3-30B-A3B-Instruct-2507"],
    ]);
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /line 2 has "fast" as time_us, which is no number from 0/);
  });
});

Deno.test("the text names what was extrapolated, and layers that have no times", async () => {
  await withSweep(async (dir) => {
    const child = startVscope(["bundle", "predict", dir, "--shape", "9000"]);
    const { code, stdout } = await child.output();
    assert.equal(code, 0);
    const text = new TextDecoder().decode(stdout);
    assert.match(text, /^\d+\.\d{3} ms, with 128.0 experts in use in each block\n/);
    assert.match(text, /attention +│ attention +│ 48 /);
    assert.match(text, /Extrapolated:\n {2}tp1\/dense.csv: tokens 9000 is outside of 1 to 64/);
  });
});
