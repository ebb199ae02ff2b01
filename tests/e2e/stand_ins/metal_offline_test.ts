import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { ended } from "../../cli.ts";
import { until } from "../../engine/processes.ts";
import { namesIn } from "../../folders.ts";
import { type Mac, onMac, QUICK } from "../../metal/mac.ts";

const FAKE_VLLM = fileURLToPath(new URL("../../metal/fixtures/offline", import.meta.url));

async function offline(mac: Mac, mode: string, args: string[] = []) {
  const out = `${mac.dir}/run`;
  const how = ["--out", out, "--json", ...QUICK, "--python", "python3", ...args];
  const ran = await mac.run(["metal", "--offline", "--model", "M-0.6B", ...how], {
    PYTHONPATH: FAKE_VLLM,
    FAKE_METAL: mode,
  });
  return { ...ran, out, json: JSON.parse(ran.stdout) };
}

Deno.test("without a server, the script captures with a prefix of its own for each", async () => {
  await onMac({}, async (mac) => {
    const { code, json, out, stderr } = await offline(mac, "ok", [
      ...["--captures", "2", "--engine-args", '{"max_model_len":256}'],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(json.captures.length, 2);
    for (
      const [place, { verified, prefix, traces, completion_tokens }] of json.captures.entries()
    ) {
      assert.equal(verified, true);
      assert.equal(completion_tokens, 10);
      assert.match(prefix, new RegExp(`^vscope_\\d{8}_\\d{6}_\\d+_${place + 1}$`));
      assert.equal(traces[0].path, `traces/${prefix}_dp0_pp0_tp0_dcp0_ep0_rank0.gputrace`);
    }
    const manifest = (await readManifest(Deno, out))!;
    assert.deepEqual([manifest.versions.vllm, manifest.versions.vllm_metal], ["0.27.1", "0.3.0"]);
    assert.equal(manifest.engine["model"], "M-0.6B");
    assert.equal(manifest.engine["max_model_len"], 256);
    assert.deepEqual(await validateBundle(Deno, out), []);
  });
});

Deno.test("a vLLM that takes no prefix captures all the same", async () => {
  await onMac({}, async (mac) => {
    const { code, json, stderr } = await offline(mac, "no-prefix");
    assert.equal(code, 0, stderr);
    assert.match(json.captures[0].traces[0].path, /older_dp0/);
  });
});

Deno.test("what goes wrong without a server is told", async () => {
  const cases: [string, string, RegExp][] = [
    [
      "old",
      "partial",
      /Capture 2 of 2 failed: vLLM's log says that Metal did not start: it is there/,
    ],
    ["unset", "failed", /started without MTL_CAPTURE_ENABLED=1/],
    [
      "no-start",
      "failed",
      /The script ended before the first capture; look into logs\/stderr\.log/,
    ],
  ];
  for (const [mode, status, said] of cases) {
    await onMac({}, async (mac) => {
      const { code, json } = await offline(mac, mode, ["--captures", "2"]);
      assert.deepEqual([code, json.status], [1, status], mode);
      assert.match(JSON.stringify(json.notes), said, mode);
    });
  }
});

Deno.test("Ctrl-C ends the script, and lists the trace that is not whole", async () => {
  await onMac({}, async (mac) => {
    const out = `${mac.dir}/run`;
    const how = ["--out", out, ...QUICK, "--python", "python3"];
    const child = mac.start(["metal", "--offline", "--model", "M", ...how], {
      PYTHONPATH: FAKE_VLLM,
      FAKE_METAL: "hangs",
    });
    await until("it captures", 120_000, async () => (await namesIn(`${out}/traces`)).length === 1);
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    const manifest = (await readManifest(Deno, out))!;
    assert.equal(manifest.status, "interrupted");
    assert.equal(manifest.captures!.length, 1);
    assert.match(JSON.stringify(manifest.notes), /may not be whole/);
  });
});
