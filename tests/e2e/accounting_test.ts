import assert from "node:assert/strict";
import { ended, startVscope } from "../cli.ts";
import { readTable } from "../bundle/raw.ts";
import { inFolder } from "../folders.ts";
import { until } from "../engine/processes.ts";
import { complete, healthy, serveCommand, sessionProcesses, watched } from "./engine.ts";

/** vLLM's own metrics, by name; those of one engine. */
async function metrics(baseUrl: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  const found = text.matchAll(/^vllm:(\w+)\{[^}]*\} (\S+)$/gm);
  return Object.fromEntries([...found].map(([, name, value]) => [name!, Number(value)]));
}

/** What the hooks have written of requests so far. */
async function requestEvents(dir: string): Promise<Record<string, string>[]> {
  const { engine_core: engine } = await sessionProcesses(dir);
  return await readTable(`${dir}/processes/engine_core-${engine}/request_events.csv`);
}

/** How many requests have ended. */
async function endedRequests(dir: string): Promise<number> {
  return (await requestEvents(dir)).filter(({ event }) => event === "finished").length;
}

/** Whether a request was given up: a stop string ends one so too, but the server says `stop` of it. */
async function wasAborted(dir: string): Promise<boolean> {
  const aborted = (await requestEvents(dir)).filter(({ event, status }) =>
    event === "finished" && status === "aborted"
  );
  return aborted.length > 1;
}

/** Time between two looks at vLLM's metrics. */
const LOOK_MS = 150;

/** The start of the session is known to the millisecond, and written by another process. */
const CLOCKS_MS = 50;

/** vLLM's own use of the KV cache, again and again until a request is answered. */
async function kvUsageMoments(
  baseUrl: string,
  answered: Promise<unknown>,
): Promise<{ at: number; usagePct: number }[]> {
  // It was at rest when the request was sent.
  const moments = [{ at: Date.now(), usagePct: 0 }];
  let done = false;
  answered.then(() => done = true);
  while (!done) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const usagePct = 100 * (await metrics(baseUrl))["kv_cache_usage_perc"]!;
    moments.push({ at: Date.now(), usagePct });
  }
  return moments;
}

/** Every preemption is an event with its reason, has its delay, and vLLM counted as many. */
async function comparePreemptions(
  dir: string,
  lives: Record<string, string>[],
  own: Record<string, number>,
): Promise<void> {
  const events = await readTable(`${dir}/preemption_events.csv`);
  const preempted = events.filter(({ event }) => event === "preempted");
  const counted = lives.reduce((sum, life) => sum + Number(life["num_preemptions"]), 0);
  assert.deepEqual([preempted.length, own["num_preemptions_total"]], [counted, counted]);
  for (const { reason, running_time_sec } of preempted) {
    assert.equal(reason, "kv_cache_full");
    assert.ok(Number(running_time_sec) > 0);
  }
  assert.equal(events.filter(({ event }) => event === "resumed").length, counted);
  const queued = lives.filter(({ started_sec }) => started_sec !== "")
    .reduce((sum, life) => sum + Number(life["started_sec"]) - Number(life["queued_sec"]), 0);
  // vLLM sums finished requests only, and reads its clock at other places of the same calls.
  assert.ok(
    Math.abs(queued - own["request_queue_time_seconds_sum"]!) < 0.02 * lives.length + 0.05 * queued,
    `${queued} and ${own["request_queue_time_seconds_sum"]}`,
  );
  const summary = JSON.parse(await Deno.readTextFile(`${dir}/preemption_summary.json`));
  assert.deepEqual(summary.preemption_reasons, { kv_cache_full: counted });
  assert.ok(summary.max_resume_delay > 0);
}

/**
 * What vLLM's metric said, our table says too: the same values in the same order, and none of them later.
 *
 * A server that has much to do shows its metric late, so the moments need not be the same.
 */
async function compareUsage(
  dir: string,
  startedAt: number,
  moments: { at: number; usagePct: number }[],
): Promise<void> {
  const rows = (await readTable(`${dir}/kv_cache_usage.csv`)).map((row) => ({
    at: 1000 * Number(row["timestamp_sec"]) + startedAt,
    usagePct: Number(row["usage_pct"]),
  }));
  assert.ok(moments.some(({ usagePct }) => usagePct > 0), JSON.stringify(moments));
  let place = Math.max(0, rows.findLastIndex(({ at }) => at < moments[0]!.at));
  for (const { at, usagePct } of moments) {
    while (place < rows.length && Math.abs(rows[place]!.usagePct - usagePct) >= 0.01) place++;
    assert.ok(
      place < rows.length && rows[place]!.at < at + CLOCKS_MS,
      `${usagePct} at ${at} is not among ${JSON.stringify(rows)} of ${JSON.stringify(moments)}`,
    );
  }
}

Deno.test("preemptions, stop strings, aborts and asynchronous scheduling are accounted for to the token", async () => {
  // So few blocks that eight requests cannot all stay.
  const { argv, env, baseUrl } = await serveCommand(
    ...["--num-gpu-blocks-override", "12", "--async-scheduling", "--no-enable-prefix-caching"],
    // A server that writes each token by itself falls behind its engine, and notices a client's end late.
    ...["--stream-interval", "20"],
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
    // One request alone: its blocks grow, and none are freed between two looks. A crowded machine may
    // leave no time for a look.
    let sent = long.length + 2;
    let moments: Awaited<ReturnType<typeof kvUsageMoments>> = [];
    for (let tries = 0; tries < 20 && !moments.some(({ usagePct }) => usagePct > 0); tries++) {
      await until("nothing is in use", 300_000, async () => {
        return (await metrics(baseUrl))["kv_cache_usage_perc"] === 0;
      });
      const alone = complete(baseUrl, { prompt: "alone", max_tokens: 700, ignore_eos: true });
      moments = await kvUsageMoments(baseUrl, alone);
      sent++;
    }
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
    // A client that goes away once the engine is at work for it. The server may notice too late, when
    // all is written.
    for (let tries = 0; tries < 40 && !await wasAborted(dir); tries++) {
      const { body } = await fetch(`${baseUrl}/v1/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...{ model: "tiny", prompt: "abort me", max_tokens: 900 },
          ...{ ignore_eos: true, stream: true },
        }),
      });
      const reader = body!.getReader();
      await reader.read();
      await reader.cancel();
      sent++;
      await until(
        "the engine is done with it",
        300_000,
        async () => await endedRequests(dir) === sent,
      );
    }
    const own = await metrics(baseUrl);
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
    assert.ok(
      lives.some((life) => /abort/.test(life["status"]!)),
      `nothing was aborted: ${JSON.stringify(lives.at(-1))}`,
    );
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
    await comparePreemptions(dir, lives, own);
    await compareUsage(dir, Date.parse(manifest.started_at), moments);
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
