import assert from "node:assert/strict";
import { answerQuestions } from "../../kit/analysis/questions.ts";
import { analyzeSession } from "../../kit/analysis/session.ts";
import { systemContext } from "../../kit/engine/system/context.ts";
import { ensureTinyModel } from "../../kit/engine/private/models.ts";
import { readTable } from "../bundle/raw.ts";
import { vscope } from "../cli.ts";
import { inFolder } from "../folders.ts";
import { engine, OFFLINE_ENV } from "./engine.ts";

const SCRIPTS = new URL("./scripts/", import.meta.url).pathname;

/** A mixture of experts whose routers are unfair, with real weights. */
async function skewedModel(parent: string): Promise<string> {
  const { python, models } = await engine();
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const fair = await ensureTinyModel(context, python, models, "tiny-moe");
  await close();
  const { code, stderr } = await new Deno.Command(python, {
    args: [`${SCRIPTS}make_skewed_moe.py`, fair, `${parent}/skewed`],
    env: OFFLINE_ENV,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return `${parent}/skewed`;
}

Deno.test("each question is answered as the run was built: small batches, idle length, no graphs, no reuse, unfair experts", async (t) => {
  await inFolder(async (parent) => {
    const { python } = await engine();
    const dir = `${parent}/run`;
    const model = await skewedModel(parent);
    const ran = await vscope(
      ["monitor", "--out", dir, "--", python, `${SCRIPTS}run_questions.py`, model, "auto"],
      {
        env: {
          ...OFFLINE_ENV,
          VLLM_PROFILING_VERBOSE: "1",
          VLLM_PROFILING_LOG_INTERVAL: "7",
        },
      },
    );
    assert.equal(ran.code, 0, ran.stderr.slice(-3000));
    assert.match(ran.stdout, /ANSWERS done/);
    const answers = new Map(
      answerQuestions(await analyzeSession(Deno, dir)).map((found) => [found.question, found]),
    );
    const expected: [question: string, mood: string, answer: RegExp][] = [
      ["Which batch sizes are used?", "good", /held 1 requests at the median.*of max_num_seqs = 8/],
      ["Is max_model_len too large?", "bad", /191 of 1024 tokens: max_model_len can be lowered/],
      ["Do requests use CUDA graphs?", "bad", /^No: none of \d+ passes.*enforce_eager is on/],
      ["Does prefix caching work?", "bad", /^0\.0 % of 1208 prompt tokens came from the cache/],
      ["Are the experts balanced?", "bad", /^No: 2 of 2 layers are uneven.*that nobody chose/],
      [
        "Which experts go together?",
        "good",
        /^Most often (0 and 1|2 and 3) of layer \d: \d+ times/,
      ],
    ];
    for (const [question, mood, answer] of expected) {
      await t.step(question, () => {
        const found = answers.get(question)!;
        assert.match(found.answer, answer);
        assert.equal(found.mood, mood, found.answer);
      });
    }

    await t.step("verbose hooks say on stderr what became of them", () => {
      assert.match(ran.stderr, /^vscope: forward_pass attached vllm\.\S+/m);
    });

    await t.step("an interval of samples changes no total", async () => {
      const passes = await readTable(`${dir}/forward_pass_timing.csv`);
      assert.equal(passes.length, 8 * 40);
      const folder = `${dir}/moe_expert_tracking`;
      assert.ok((await readTable(`${folder}/moe_load_imbalance.csv`)).length > 4);
    });
  });
});
