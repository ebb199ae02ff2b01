import assert from "node:assert/strict";
import { ended, startVscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { complete, healthy, serveCommand, watched } from "./engine.ts";

Deno.test("preemptions, stop strings, aborts and asynchronous scheduling are accounted for to the token", async () => {
  // So few blocks that eight requests cannot all stay.
  const { argv, env, baseUrl } = await serveCommand(
    ...["--num-gpu-blocks-override", "12", "--async-scheduling", "--no-enable-prefix-caching"],
  );
  await inFolder(async (parent) => {
    const dir = `${parent}/run`;
    const child = startVscope(["monitor", "--quiet", "--out", dir, "--", ...argv], { env });
    await healthy(baseUrl, watched(child));
    const long = Array.from(
      { length: 8 },
      (_, n) =>
        complete(baseUrl, { prompt: `cache ${n} `.repeat(30), max_tokens: 300, ignore_eos: true }),
    );
    const answers = await Promise.all(long);
    assert.ok(answers.every((answer) => answer !== undefined));
    // A string that the tiny model does write, from an answer of its own.
    const seen = await complete(baseUrl, {
      prompt: "prefill decode",
      max_tokens: 40,
      temperature: 0,
      ignore_eos: true,
    });
    const stop = seen!.choices[0]!.text.slice(20, 23);
    const stopped = await complete(baseUrl, {
      prompt: "prefill decode",
      max_tokens: 40,
      temperature: 0,
      ignore_eos: true,
      stop,
    });
    assert.ok(Number(stopped!.usage["completion_tokens"]) < 40);
    // A client that goes away.
    await complete(
      baseUrl,
      { prompt: "abort me", max_tokens: 900, ignore_eos: true },
      AbortSignal.timeout(400),
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    const manifest = JSON.parse(await Deno.readTextFile(`${dir}/bundle.json`));
    assert.equal(manifest.status, "interrupted");

    const lives = await readTable(`${dir}/request_lifecycle.csv`);
    const counted = [...answers, seen, stopped].map((answer) => {
      const life = lives.find((row) => row["request_id"]!.startsWith(answer!.id))!;
      assert.deepEqual(
        [life["prompt_tokens"], life["generated_tokens"]],
        [String(answer!.usage["prompt_tokens"]), String(answer!.usage["completion_tokens"])],
      );
      return life;
    });
    assert.ok(counted.some((life) => Number(life["num_preemptions"]) > 0), "nothing was preempted");
    assert.ok(lives.some((life) => /abort/.test(life["status"]!)), "nothing was aborted");
    for (const life of lives) {
      const [prompt, cached, generated, computed] = [
        "prompt_tokens",
        "cached_tokens",
        "generated_tokens",
        "computed_tokens",
      ]
        .map((name) => Number(life[name]));
      assert.equal(computed, prompt! - cached! + generated! - 1, JSON.stringify(life));
    }
    const { tokens } = JSON.parse(await Deno.readTextFile(`${dir}/session_summary.json`));
    assert.equal(tokens.difference, 0, JSON.stringify(tokens));
    assert.ok(tokens.recomputed > 0 && tokens.overscheduled > 0, JSON.stringify(tokens));
    for (const table of ["batch_utilization", "forward_pass_timing"]) {
      const rows = await readTable(`${dir}/${table}.csv`);
      const sum = rows.reduce((total, row) => total + Number(row["num_tokens"]), 0);
      assert.equal(sum, tokens.expected, table);
    }
  });
});
