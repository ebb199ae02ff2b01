import assert from "node:assert/strict";
import { ExpertDrift } from "../../kit/analysis/expert_drift.ts";
import { driftOf, readExperts } from "../../kit/analysis/experts.ts";
import { answerQuestions } from "../../kit/analysis/questions.ts";
import { analyzeSession } from "../../kit/analysis/session.ts";
import { randomOf } from "../../kit/engine/server/requests.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { ROOT } from "../dev/run.ts";
import { inFolder } from "../folders.ts";

const EXPERTS = 64;

/** Samples of `choices` each; `favoured` is the share of choices that go to the first quarter of the experts. */
function sampled(favoured: readonly number[], choices: number): ExpertDrift {
  const next = randomOf(7);
  const drift = new ExpertDrift();
  for (const share of favoured) {
    const counts = new Array<number>(EXPERTS).fill(0);
    for (let choice = 0; choice < choices; choice++) {
      const first = next() < share;
      const place = Math.floor(next() * (first ? EXPERTS / 4 : EXPERTS * 3 / 4));
      counts[first ? place : EXPERTS / 4 + place]!++;
    }
    const mean = choices / EXPERTS;
    const squares = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0);
    drift.add(mean, Math.sqrt(squares / (EXPERTS - 1)), EXPERTS);
    drift.close();
  }
  return drift;
}

Deno.test("few choices of experts that are all alike do not look uneven, however many samples there are", () => {
  for (const samples of [8, 64, 65, 1000]) {
    const quarters = sampled(new Array(samples).fill(0.25), 128).quarters()!;
    // By chance alone each sample deviates by 0.7 of its mean.
    assert.ok(Math.max(...quarters) < (samples < 100 ? 0.35 : 0.15), `${samples}: ${quarters}`);
  }
});

Deno.test("a load that moves to a part of the experts is not stable, one that is uneven all the time is", () => {
  const uneven = sampled(new Array(400).fill(0.5), 512).quarters()!;
  // A quarter of the experts has half of the choices: twice the mean; the others have two thirds of it.
  for (const quarter of uneven) assert.ok(Math.abs(quarter - Math.sqrt(1 / 3)) < 0.03, `${uneven}`);
  assert.ok(driftOf(uneven) < 0.05);
  const moves = sampled(Array.from({ length: 400 }, (_, at) => at < 200 ? 0.25 : 0.5), 512)
    .quarters()!;
  assert.ok(moves[0]! < 0.1 && moves[1]! < 0.1, `${moves}`);
  assert.ok(Math.abs(moves[3]! - Math.sqrt(1 / 3)) < 0.03, `${moves}`);
  assert.ok(driftOf(moves) > 0.4);
});

Deno.test("nothing is said of a run with fewer samples than quarters, or none", () => {
  assert.equal(new ExpertDrift().quarters(), undefined);
  assert.equal(sampled([0.25, 0.25, 0.25], 100).quarters(), undefined);
  const drift = new ExpertDrift();
  for (const [mean, deviation] of [[0, 1], [NaN, 1], [1, NaN]] as const) {
    drift.add(mean, deviation, EXPERTS);
    drift.close();
  }
  assert.equal(drift.quarters(), undefined);
});

Deno.test("a session recorded on a GPU says whether its experts' load is stable, in answer and report", async () => {
  const dir = `${ROOT}/perf/examples/moe`;
  const { quarters } = (await readExperts(Deno, dir))!;
  assert.equal(quarters?.length, 4);
  const answer = answerQuestions(await analyzeSession(Deno, dir)).find(({ question }) =>
    question.startsWith("Are the experts")
  )!;
  const stable = driftOf(quarters) < 0.1;
  assert.match(answer.answer, stable ? /; stable over time\.$/ : /; not stable: between quarters/);
  await inFolder(async (folder) => {
    const { path } = await generateReport(Deno, dir, `${folder}/page.html`);
    assert.match(await Deno.readTextFile(path), /Stable over time: between quarters/);
  });
});
