/**
 * Logs of real engines, and the forms that no engine here writes, made after vLLM's own sources.
 *
 * The logs in fixtures/ are of the CPU builds that their names tell, with
 * `--enable-log-requests --enable-logging-iteration-details`, one line of statistics a second, and
 * the tiny dense model; `colours` with `VLLM_LOGGING_COLOR=1 --enable-log-outputs`, `json` with
 * `--logging-config.formatter json --data-parallel-size 2`; `cuda` is of an H100, offline. Lines that nothing is read from were taken out, long ones shortened.
 */

import assert from "node:assert/strict";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { compareCaptures } from "../../../kit/analysis/capture/compare.ts";
import { flatTable } from "../../../kit/analysis/capture/flat_table.ts";
import { fc } from "../../deps.ts";
import { analyzedLogs, iteration, line } from "./analyzed.ts";

const fixture = (version: string) =>
  new URL(`./fixtures/vllm-${version}.log`, import.meta.url).pathname;
const real = (version: string) => analyzeCapture(Deno, [fixture(version)]);

/** Counted in the files by other means (grep and awk). */
const COUNTED = {
  "0.17.0": { count: 100, context: 281, generation: 111, totalMs: 24742.84, maxMs: 24693.42 },
  "0.26.0": { count: 76, context: 281, generation: 93, totalMs: 6757.79, maxMs: 6178.07 },
  "0.32.0": { count: 72, context: 277, generation: 91, totalMs: 505.68, maxMs: 32.2 },
};

for (const [version, told] of Object.entries(COUNTED)) {
  Deno.test(`a log of vLLM ${version} gives the iterations that are in it`, async () => {
    const { iterations, iteration_rows, environment, lines, partial, kind } = await real(version);
    assert.equal(kind, "vllm-log");
    assert.equal(partial, undefined);
    assert.equal(environment!.vllm_version, version);
    const { count, prefill, decode, mixed, idle, elapsed_ms } = iterations!;
    assert.equal(count, told.count);
    assert.equal(prefill! + decode! + mixed! + idle!, told.count);
    assert.equal(iterations!.context_tokens, told.context);
    assert.equal(iterations!.generation_tokens, told.generation);
    assert.ok(Math.abs(elapsed_ms.mean * count - told.totalMs) < 0.005);
    assert.equal(elapsed_ms.max, told.maxMs);
    assert.equal(iteration_rows!.length, told.count);
    assert.deepEqual([lines!.iteration, lines!.unknown], [told.count, 0]);
  });

  Deno.test(`a log of vLLM ${version} gives each request once, whatever its ids`, async () => {
    const { requests, request_rows, http_responses } = await real(version);
    // The client had 11 answers and went away twice.
    assert.deepEqual(
      [requests!["count"], requests!["engine_requests"], requests!["aborted"]],
      [13, 13, 2],
    );
    assert.equal(requests!["finished"], undefined);
    assert.ok(request_rows!.some(({ request_id }) => request_id === "cmpl-my-own id 7-0"));
    assert.equal(
      request_rows!.filter(({ received, added }) => received && added).length,
      13,
    );
    const chat = http_responses!.find(({ path }) => path === "/v1/chat/completions")!;
    assert.deepEqual([chat.method, chat.status, chat.count], ["POST", 200, 1]);
  });

  Deno.test(`a log of vLLM ${version} gives the KV cache and throughput`, async () => {
    const { kv_cache, throughput, throughput_rows } = await real(version);
    assert.deepEqual(kv_cache, [{
      engine: "0",
      source: 0,
      device: version === "0.32.0" ? "CPU" : "GPU",
      size_tokens: 2176,
      max_concurrency: 4.25,
      request_tokens: 512,
    }]);
    assert.deepEqual(throughput!.map(({ engine }) => engine), ["0"]);
    assert.ok(throughput![0]!.prompt_tokens_per_s.max > 100);
    assert.equal(throughput_rows!.length, throughput![0]!.lines);
  });
}

Deno.test("a real log with colours and answers is read as one without", async () => {
  const { iterations, requests, request_rows, environment, lines } = await real("0.32.0-colours");
  assert.deepEqual([iterations!.count, lines!.unknown, environment!.vllm_version], [
    78,
    0,
    "0.32.0",
  ]);
  // vLLM writes the answers of chats only; one request asked for two answers.
  const { total_s: _total, arrivals_per_s: _arrivals, ...counts } = requests!;
  assert.deepEqual(counts, {
    count: 14,
    engine_requests: 15,
    finished: 1,
    finish_reasons: { length: 1 },
    aborted: 2,
    failed: 0,
    end_not_logged: 11,
  });
  const chat = request_rows!.find(({ status }) => status === "finished")!;
  assert.match(chat.request_id, /^chatcmpl-/);
});

Deno.test("a real log of JSON lines is read, of two engines behind two API servers", async () => {
  const { requests, kv_cache, lines, iterations, http_responses, findings } = await real(
    "0.32.0-json",
  );
  assert.deepEqual([requests!["count"], requests!["engine_requests"], requests!["aborted"]], [
    14,
    15,
    2,
  ]);
  assert.deepEqual(kv_cache!.map(({ engine, size_tokens }) => [engine, size_tokens]), [
    ["0", 2176],
    ["1", 2176],
  ]);
  assert.equal(lines!.timestamp_resolution_s, 0.001);
  assert.deepEqual(http_responses![0], {
    method: "POST",
    path: "/v1/completions",
    status: 200,
    count: 11,
  });
  // vLLM itself leaves them out there.
  assert.equal(iterations, undefined);
  assert.match(findings[0]!.advice, /--api-server-count 1/);
});

Deno.test("a real log of a CUDA engine tells its KV cache", async () => {
  const { kv_cache, environment, requests } = await real("0.26.0-cuda");
  assert.deepEqual(kv_cache, [{
    engine: "0",
    source: 0,
    device: "GPU",
    available_gib: 45.68,
    size_tokens: 427_616,
    max_concurrency: 104.4,
    request_tokens: 4096,
  }]);
  assert.equal(environment!.vllm_version, "0.26.0");
  assert.equal(requests, undefined);
});

Deno.test("the figures of every row stay those of its line", async () => {
  const { iteration_rows } = await real("0.32.0");
  const text = (await Deno.readTextFile(fixture("0.32.0"))).split("\n");
  for (const row of iteration_rows!) {
    const { context_requests, context_tokens, generation_requests, generation_tokens } = row;
    const figures = [context_requests, context_tokens, generation_requests, generation_tokens];
    const words = iteration(
      row.iteration,
      figures as [number, number, number, number],
      row.elapsed_ms.toFixed(2),
    );
    assert.ok(text[row.line - 1]!.includes(words), text[row.line - 1]);
  }
});

const STEP = iteration(4, [1, 512, 3, 3], "12.34");

Deno.test("engines, years, files, colours and what others put before a line do not matter", async () => {
  const forms = [
    line(STEP),
    line(STEP, { process: "EngineCore_0", file: "engine/core.py:1", at: "12-31 23:59:59" }),
    line(STEP, { process: "EngineCore" }),
    `INFO 01-28 12:00:00 [core.py:348] ${STEP}`,
    `INFO 2027-01-28 12:00:00 [v1/engine/core.py:348] ${STEP}`,
    `WARNING 2027-01-28T12:00:00,123 [core.py:348] ${STEP}`,
    `\x1b[1;36m(EngineCore_DP0 pid=77)\x1b[0;0m \x1b[32mINFO\x1b[0m \x1b[90m01-28 12:00:00\x1b[0m ` +
    `\x1b[90m[core.py:348]\x1b[0m ${STEP}`,
    `2027-01-28T12:00:00.123456789Z stdout F ${line(STEP)}`,
    `vllm-1  | ${line(STEP)}`,
    `Jan 28 12:00:00 host vllm[9]: ${line(STEP)}`,
    `(RayWorkerWrapper pid=9, ip=10.0.0.1) ${line(STEP)}`,
    `2027-01-28 12:00:00 - vllm.v1.engine.core - INFO - ${STEP}`,
    `my prefix: ${line(STEP)}`,
    STEP,
    JSON.stringify({ log: `${line(STEP)}\n`, stream: "stdout", time: "2027-01-28T12:00:00.1Z" }),
    JSON.stringify({ asctime: "2027-01-28 12:00:00,123", levelname: "INFO", message: STEP }),
    `${line(STEP)}\r`,
  ];
  for (const form of forms) {
    const { iterations, iteration_rows, lines } = await analyzedLogs(`${form}\n`);
    assert.equal(iterations!.mixed, 1, form);
    assert.deepEqual([iterations!.context_tokens, lines!.unknown], [512, 0], form);
    assert.equal(iteration_rows![0]!.engine, "0", form);
    assert.equal(iteration_rows![0]!.elapsed_ms, 12.34);
  }
});

Deno.test("iterations of 0.26 to 0.33 tell their engine, the KV cache and encoders", async () => {
  const { iteration_rows, iterations, engines } = await analyzedLogs([
    line(`Engine 000: ${STEP}, GPU KV cache usage: 6.2%`, { process: "APIServer" }),
    line(`Engine 003: ${iteration(4, [0, 0, 0, 0], "0.50")} (dummy), XPU KV cache usage: 0.0%`),
    line(
      `Engine 012: ${iteration(4, [2, 90, 0, 0], "7.00")}, GPU + host KV cache usage: 99.5%, ` +
        "encoder inputs: 2, encoder output embeddings: 1152",
    ),
  ].join("\n"));
  assert.deepEqual(iteration_rows!.map(({ engine }) => engine), ["0", "3", "12"]);
  assert.deepEqual(iteration_rows!.map(({ kv_cache_pct }) => kv_cache_pct), [6.2, 0, 99.5]);
  assert.deepEqual(iteration_rows!.map(({ dummy }) => dummy), [undefined, true, undefined]);
  assert.deepEqual(iteration_rows![2]!.encoder_inputs, 2);
  assert.deepEqual(iteration_rows![2]!.encoder_embeddings, 1152);
  assert.deepEqual([iterations!.mixed, iterations!.idle, iterations!.prefill], [1, 1, 1]);
  assert.equal(engines!.length, 3);
});

Deno.test("throughput lines of all versions are read, with what only some of them have", async () => {
  const head = (tokens: string) =>
    `Avg prompt throughput: ${tokens} tokens/s, Avg generation throughput: 10.5 tokens/s, ` +
    "Running: 3 reqs, Waiting: 2 reqs";
  const { throughput, throughput_rows, lines } = await analyzedLogs([
    line(`Engine 000: ${head("1.0")}, GPU KV cache usage: 12.5%, Prefix cache hit rate: 33.3%`),
    line(
      `Engine 000: ${
        head("3.0")
      }, Deferred: 1 reqs, KV fetch: 1 waiting to start, 2 in progress, ` +
        "3 completed waiting, Preemptions: 4, CPU KV cache usage: 22.5%, " +
        "Prefix cache hit rate: 40.0%, Corrupted: 0 reqs, External prefix cache hit rate: 1.5%, " +
        "MM cache hit rate: 2.5%",
    ),
    line(`2 Engines Aggregated: ${head("9.0")}, GPU KV cache usage: 0.0%`),
  ].join("\n"));
  assert.deepEqual([lines!.throughput, lines!.unknown], [3, 0]);
  assert.deepEqual(throughput!.map(({ engine, lines }) => [engine, lines]), [["0", 2], [
    "2 engines",
    1,
  ]]);
  assert.deepEqual(throughput![0]!.prompt_tokens_per_s, { mean: 2, p50: 2, max: 3 });
  assert.equal(throughput![0]!.preemptions, 4);
  assert.equal(throughput![0]!.prefix_cache_hit_pct, 40);
  const { deferred_requests, kv_cache_pct, external_prefix_cache_hit_pct, mm_cache_hit_pct } =
    throughput_rows![1]!;
  assert.deepEqual(
    [deferred_requests, kv_cache_pct, external_prefix_cache_hit_pct, mm_cache_hit_pct],
    [1, 22.5, 1.5, 2.5],
  );
});

Deno.test("the size of the KV cache is read in its three forms", async () => {
  const { kv_cache } = await analyzedLogs(
    [
      line("Available KV cache memory: 57.31 GiB"),
      line("GPU KV cache size: 5,863,776 tokens"),
      line("Maximum concurrency for 131,072 tokens per request: 44.74x"),
    ].join("\n"),
    line(
      "GPU + host KV cache size: 2,176 tokens, Maximum concurrency for 512 tokens per request: 4.25x",
      { process: "EngineCore_DP2" },
    ),
  );
  assert.deepEqual(kv_cache, [{
    engine: "0",
    source: 0,
    available_gib: 57.31,
    device: "GPU",
    size_tokens: 5_863_776,
    request_tokens: 131_072,
    max_concurrency: 44.74,
  }, {
    engine: "2",
    source: 1,
    device: "GPU + host",
    size_tokens: 2176,
    request_tokens: 512,
    max_concurrency: 4.25,
  }]);
});

const api = (message: string, at = "01-28 12:00:00") =>
  line(message, { process: "APIServer", file: "async_llm.py:419", at });

Deno.test("a request is one, with or without letters behind its id, and with several answers", async () => {
  const { requests, request_rows } = await analyzedLogs([
    api("Received request cmpl-a-0: prompt: 'Request x aborted.', params: SamplingParams(n=1)"),
    api("Added request cmpl-a-0."),
    api("Received request cmpl-b-0: params: SamplingParams(n=2), lora_request: None."),
    api("Added request 0_cmpl-b-0-1234abcd."),
    api("Added request 1_cmpl-b-0-1234abcd."),
    api("Generated response cmpl-b-0: output: ' a, finish_reason: x', finish_reason: stop"),
    api("Generated response cmpl-b-0: output: ' b', finish_reason: length"),
    api("Added request chatcmpl-late-9876fedc."),
    api("Aborted request(s) chatcmpl-late-9876fedc,cmpl-a-0."),
    api("Request chatcmpl-late aborted."),
    api("Received request cmpl-c: params: SamplingParams(n=1), lora_request: None."),
    api("Request cmpl-c failed (bad request): The prompt is too long."),
  ].join("\n"));
  assert.deepEqual(requests, {
    count: 4,
    engine_requests: 4,
    finished: 1,
    finish_reasons: { stop: 1 },
    aborted: 2,
    failed: 1,
    end_not_logged: 0,
    total_s: { mean: 0, p50: 0, max: 0 },
  });
  assert.deepEqual(
    request_rows!.map(({ request_id, status, engine_requests }) => [
      request_id,
      status,
      engine_requests,
    ]),
    [
      ["cmpl-a-0", "aborted", 1],
      ["cmpl-b-0", "finished", 2],
      ["chatcmpl-late", "aborted", 1],
      ["cmpl-c", "failed", 0],
    ],
  );
  assert.equal(request_rows![3]!.reason, "bad request");
});

Deno.test("times go on over the end of a year that is not told", async () => {
  const { requests, lines } = await analyzedLogs([
    api("Received request a: params: SamplingParams()", "12-31 23:59:58"),
    api("Received request b: params: SamplingParams()", "01-01 00:00:02"),
    api("Generated response a: output: 'x', finish_reason: stop", "01-01 00:00:08"),
  ].join("\n"));
  assert.equal(lines!.span_s, 10);
  assert.equal(lines!.timestamp_resolution_s, 1);
  assert.equal(requests!["arrivals_per_s"], 0.25);
  assert.deepEqual(requests!["total_s"], { mean: 10, p50: 10, max: 10 });
});

Deno.test("a server that starts again is told from a log that holds lines twice", async () => {
  const step = (number: number, at: string) =>
    line(iteration(number, [0, 0, 1, 1], "1.00"), { at });
  const first = [step(0, "01-28 12:00:00"), step(1, "01-28 12:00:01"), step(2, "01-28 12:00:02")];
  const again = await analyzedLogs(
    [...first, step(0, "01-28 12:05:00"), step(1, "01-28 12:05:01")].join("\n"),
  );
  assert.equal(again.iterations!.count, 5);
  assert.equal(again.engines![0]!.restarts, 1);
  assert.equal(again.partial, undefined);
  const twice = await analyzedLogs([...first, ...first].join("\n"));
  assert.equal(twice.iterations!.count, 3);
  assert.match(twice.partial![0]!.reason, /second time/);
  assert.equal(twice.partial![0]!.events, 3);
});

Deno.test("iterations that have no line are told", async () => {
  const { partial, iterations } = await analyzedLogs(
    [7, 8, 12].map((number) => line(iteration(number, [0, 0, 1, 1], "1.00"))).join("\n"),
  );
  assert.equal(iterations!.count, 3);
  assert.deepEqual(partial!.map(({ events }) => events), [7, 3]);
  assert.match(partial![0]!.reason, /begins after/);
  assert.match(partial![1]!.reason, /have no line/);
});

Deno.test("lines in no known form are counted and shown, and what is known of them is kept", async () => {
  const { lines, unknown_lines, partial, iterations, findings } = await analyzedLogs([
    line(STEP),
    line("Iteration(5): 1 context requests, 512 context tokens, some new words"),
    line(`${iteration(5, [1, 100, 0, 0], "5.00")}, temperature: 60 °C`),
    line("Avg prompt throughput: fast"),
    "0 context tokens, 1 generation requests, 1 generation tokens, iteration elapsed time: 7.00 ms",
    line("Added request without an end"),
  ].join("\n"));
  assert.equal(iterations!.count, 2);
  assert.equal(iterations!.context_tokens, 612);
  assert.equal(lines!.unknown, 5);
  assert.deepEqual(unknown_lines!.map(({ line }) => line), [2, 3, 4, 5, 6]);
  assert.match(unknown_lines![0]!.text, /some new words/);
  assert.equal(partial![0]!.events, 5);
  assert.ok(findings.some(({ title }) => /does not know/.test(title)));
});

Deno.test("what a request or another program says is not taken for what vLLM says", async () => {
  const { iterations, requests } = await analyzedLogs([
    api(`Received request a: prompt: '${line(STEP)}', params: SamplingParams()`),
    api(`Generated response a: output: '\\n${STEP}', finish_reason: stop`),
    `{"prompt": "${line(STEP)}"}`,
    `client: sent "${line(STEP)}"`,
    line(iteration(0, [1, 1, 0, 0], "1.00")),
  ].join("\n"));
  assert.equal(iterations!.count, 1);
  assert.equal(requests!["count"], 1);
});

Deno.test("findings tell preemptions, waiting requests and what was not logged", async () => {
  const { findings } = await analyzedLogs(
    line(
      "Engine 000: Avg prompt throughput: 1.0 tokens/s, Avg generation throughput: 1.0 tokens/s, " +
        "Running: 3 reqs, Waiting: 2 reqs, Preemptions: 4, GPU KV cache usage: 99.5%, " +
        "Prefix cache hit rate: 33.3%",
    ),
  );
  assert.deepEqual(findings.map(({ title }) => title), [
    "Requests were preempted",
    "Requests wait for the engine most of the time",
    "vLLM did not log everything that can be read",
  ]);
});

Deno.test("two logs are compared by their totals, and every table can be had as CSV", async () => {
  const [a, b] = await Promise.all([real("0.26.0"), real("0.32.0")]);
  const { totals, compared } = compareCaptures(a, b);
  assert.equal(compared, "vllm-log");
  const count = totals.find(({ metric }) => metric === "iterations")!;
  assert.deepEqual([count.a, count.b], [76, 72]);
  const decode = totals.find(({ metric }) => metric === "decode_p50_ms")!;
  assert.ok(decode.a! > decode.b!);
  const csv = flatTable({ ...b }, "iteration_rows");
  assert.equal(csv.rows.length, 72);
  assert.equal(csv.header[0], "iteration");
});

Deno.test("any iterations are summed exactly, in whatever form and order of engines", async () => {
  const figure = fc.nat(100_000);
  const row = fc.record({
    engine: fc.nat(3),
    figures: fc.tuple(figure, figure, figure, figure),
    hundredths: fc.nat(10_000_000),
    form: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), async (rows) => {
      const numbers = new Map<number, number>();
      const text = rows.map(({ engine, figures, hundredths, form }) => {
        const number = numbers.get(engine) ?? 0;
        numbers.set(engine, number + 1);
        const words = iteration(number, figures, (hundredths / 100).toFixed(2));
        return form === 0
          ? line(`Engine ${String(engine).padStart(3, "0")}: ${words}, CPU KV cache usage: 1.0%`)
          : line(words, { process: `EngineCore_DP${engine}`, pid: 77 });
      }).join("\n");
      const { iterations, iteration_rows, partial } = await analyzedLogs(text);
      assert.equal(partial, undefined);
      assert.equal(iterations!.count, rows.length);
      const sum = (place: 0 | 1 | 2 | 3) =>
        rows.reduce((total, { figures }) => total + figures[place], 0);
      assert.equal(iterations!.context_tokens, sum(1));
      assert.equal(iterations!.generation_tokens, sum(3));
      assert.equal(
        iterations!.elapsed_ms.max,
        Math.max(...rows.map(({ hundredths }) => hundredths)) / 100,
      );
      assert.deepEqual(
        iteration_rows!.map(({ elapsed_ms }) => elapsed_ms),
        rows.map(({ hundredths }) => hundredths / 100),
      );
    }),
    { numRuns: 60 },
  );
});
