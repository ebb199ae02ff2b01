import assert from "node:assert/strict";
import { vscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

const SCRIPTS = new URL("./scripts/", import.meta.url).pathname;

/** Makes a tiny model and answers three requests to it under monitor. */
async function session(
  python: string,
  parent: string,
  name: "whisper" | "vlm",
): Promise<{ components: Record<string, number>[]; passes: number; modelType: string }> {
  const [model, dir] = [`${parent}/${name}-model`, `${parent}/${name}`];
  const made = await new Deno.Command(python, {
    args: [`${SCRIPTS}make_tiny_${name}.py`, model],
    env: OFFLINE_ENV,
    stderr: "piped",
  }).output();
  assert.equal(made.code, 0, new TextDecoder().decode(made.stderr));
  const ran = await vscope(
    ["monitor", "--quiet", "--out", dir, "--", python, `${SCRIPTS}run_${name}.py`, model],
    { env: OFFLINE_ENV },
  );
  assert.equal(ran.code, 0, ran.stderr);
  const rows = await readTable(`${dir}/encoder_decoder_timing.csv`);
  const steps = new Map<string, Record<string, number>>();
  for (const row of rows) {
    const step = steps.get(row["context"]!) ?? {};
    steps.set(row["context"]!, { ...step, [row["component"]!]: Number(row["duration_ms"]) });
  }
  const summary = JSON.parse(await Deno.readTextFile(`${dir}/encoder_decoder_summary.json`));
  const passes = (await readTable(`${dir}/forward_pass_timing.csv`)).length;
  return { components: [...steps.values()], passes, modelType: summary.model_type };
}

Deno.test("encoder, decoder and cross-attention of a speech model, and the encoder of a vision model, are timed", async () => {
  const { python } = await engine();
  await inFolder(async (parent) => {
    const [speech, vision] = await Promise.all([
      session(python, parent, "whisper"),
      session(python, parent, "vlm"),
    ]);
    assert.equal(speech.modelType, "whisper");
    for (const { components, passes } of [speech, vision]) {
      assert.equal(components.length, passes);
      assert.ok(components.some(({ encoder }) => encoder! > 0), "no encoder ran");
      assert.ok(
        components.some(({ encoder }) => encoder === undefined),
        "an encoder ran in each pass",
      );
    }
    for (const { decoder, cross_attention } of speech.components) {
      assert.ok(
        cross_attention! > 0 && cross_attention! < decoder!,
        JSON.stringify(speech.components),
      );
    }
    assert.ok(vision.components.every(({ cross_attention }) => cross_attention === undefined));
  });
});
