import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { analyzeSession } from "../../kit/analysis/session.ts";
import { sessionJson } from "../../kit/analysis/session_json.ts";
import { mergeSession } from "../../kit/bundle/merge/merge.ts";
import { generateReport } from "../../kit/report/generate.ts";
import { writeRawSession } from "../bundle/raw.ts";
import { fc } from "../deps.ts";
import { inFolder } from "../folders.ts";

const HOSTILE = "</script><img src=x onerror=alert(1)>\"'`";

Deno.test("hostile names in a bundle stay text", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "engine_core-1": {
        record: { engine: { model: HOSTILE }, versions: { vllm: HOSTILE } },
        tables: {
          request_events:
            "timestamp_sec,request_id,event,status\n1,<img src=y>,queued,\n2,<img src=y>,finished,<img src=z>\n",
          cpu_operations_timing:
            "timestamp_sec,operation,duration_ms,context,rank\n1,<img src=w>,2,step=1,\n",
        },
      },
    });
    await mergeSession(Deno, dir);
    const { path } = await generateReport(Deno, dir);
    const page = await Deno.readTextFile(path);
    assert.doesNotMatch(page, /<img/);
    assert.match(page, /&#60;img src=y&#62;/);
  });
});

Deno.test("an empty session makes a page that says that it is empty", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, {});
    const manifest = await mergeSession(Deno, dir);
    assert.equal(manifest.status, "partial");
    const { path, findings } = await generateReport(Deno, dir);
    assert.match(await Deno.readTextFile(path), /No vLLM process loaded the hooks/);
    assert.ok(findings.some(({ severity }) => severity === "error"));
    const json = sessionJson(await analyzeSession(Deno, dir));
    assert.equal("iterations" in json, false);
  });
});

Deno.test("with two ranks an iteration counts once", async () => {
  const passes =
    "timestamp_sec,step,engine_pid,rank,phase,num_seqs,scheduled_tokens,forward_time_ms,timing\n" +
    "1,1,1,RANK,prefill,1,5,4,cuda_event\n2,2,1,RANK,decode,1,1,2,cuda_event\n";
  await inFolder(async (dir) => {
    await writeRawSession(dir, {
      "worker-2": {
        record: { rank: 0 },
        tables: { forward_pass_timing: passes.replaceAll("RANK", "0") },
      },
      "worker-3": {
        record: { rank: 1 },
        tables: { forward_pass_timing: passes.replaceAll("RANK", "1") },
      },
    });
    await mergeSession(Deno, dir);
    const json = sessionJson(await analyzeSession(Deno, dir)) as {
      iterations: { count: number; decode: number };
      phases: { phase: string; gpu_ns: number }[];
    };
    assert.deepEqual([json.iterations.count, json.iterations.decode], [2, 1]);
    assert.equal(json.phases.find(({ phase }) => phase === "decode")!.gpu_ns, 4e6);
  });
});

Deno.test("a garbled table never stops the reader", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, { "engine_core-1": {} });
    await mergeSession(Deno, dir);
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('"', "1,2,3", ",,,,", "NaN,x,1e999", "__proto__,decode,1,1,1,1"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        for (
          const table of [
            "forward_pass_timing",
            "batch_utilization",
            "kv_cache_usage",
            "request_lifecycle",
          ]
        ) {
          await Deno.writeTextFile(
            `${dir}/${table}.csv`,
            `timestamp_sec,phase,request_id\n${lines.join("\n")}`,
          );
        }
        await analyzeSession(Deno, dir);
      }),
      { numRuns: 40 },
    );
    for (const text of ["null", "[]", "3", "{"]) {
      await Deno.writeTextFile(`${dir}/session_summary.json`, text);
      await analyzeSession(Deno, dir);
    }
    await Deno.writeTextFile(`${dir}/bundle.json`, '{"schema_version":1}');
    await generateReport(Deno, dir);
  });
});

Deno.test("the policy of a page names its scripts by their hashes, and allows no other", async () => {
  await inFolder(async (dir) => {
    await writeRawSession(dir, { "engine_core-1": {} });
    await mergeSession(Deno, dir);
    const page = await Deno.readTextFile((await generateReport(Deno, dir)).path);
    // A browser would read other line ends as this one, and find another hash.
    assert.ok(!page.includes("\r"));
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
    assert.match(policy, /default-src 'none'; base-uri 'none'; form-action 'none'/);
    const allowed = /script-src ([^;]*)$/.exec(policy)![1]!.split(" ");
    const scripts = [...page.matchAll(/<script(?: type="module")?>([\s\S]*?)<\/script>/g)];
    const hashes = scripts.map(([, text]) =>
      `'sha256-${createHash("sha256").update(text!).digest("base64")}'`
    );
    assert.equal(hashes.length, 2);
    assert.deepEqual(allowed, hashes);
    // Handlers in attributes are scripts that no hash allows.
    assert.doesNotMatch(page.replaceAll(/<script[\s\S]*?<\/script>/g, ""), /<[^>]* on\w+=/);
  });
});
