import assert from "node:assert/strict";
import { readManifest } from "../../../kit/bundle/manifest_file.ts";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import type { MetalCapture } from "../../../kit/bundle/metal_record.ts";
import { ended } from "../../cli.ts";
import { running, until } from "../../engine/processes.ts";
import { namesIn } from "../../folders.ts";
import { freePort, type Mac, onMac, PATIENT, QUICK } from "../../metal/mac.ts";

/** Takes captures with a server of its own. */
async function capture(
  mac: Mac,
  mode: string,
  options: {
    args?: string[];
    pace?: string[];
    env?: Record<string, string>;
    command?: string[];
  } = {},
) {
  const out = `${mac.dir}/run`;
  const port = freePort();
  const form = options.command
    ? ["--", ...options.command, "--port", port]
    : ["--model", "Qwen/Qwen3-0.6B", "--port", port];
  const { pace = QUICK, args: more = [] } = options;
  const args = ["metal", "--out", out, "--json", ...pace, ...more, ...form];
  const ran = await mac.run(args, { FAKE_METAL: mode, ...options.env });
  const json = JSON.parse(ran.stdout) as {
    status: string;
    notes: { severity: string; message: string }[];
    captures: MetalCapture[];
    open: string[];
    error?: { message: string };
  };
  const log = await Deno.readTextFile(`${out}/logs/stderr.log`).catch(() => "");
  const errors = (json.notes ?? []).filter(({ severity }) => severity === "error")
    .map(({ message }) => message);
  return { ...ran, json, out, log, errors };
}

Deno.test("a quick capture sets the variables, sends a bounded request and verifies the trace", async () => {
  await onMac({}, async (mac) => {
    const { code, json, out, log, stderr } = await capture(mac, "ok", { args: ["--open"] });
    assert.equal(code, 0, stderr);
    assert.match(log, /^env 1 0\.1$/m);
    // Once without a capture, once with it.
    assert.equal(log.match(/request max_tokens=10 ignore_eos=True/g)?.length, 2);
    assert.equal(log.match(/captured request/g)?.length, 1);
    const [only] = json.captures;
    assert.equal(only?.verified, true);
    assert.deepEqual([only.prompt_tokens, only.completion_tokens], [1, 10]);
    const manifest = (await readManifest(Deno, out))!;
    assert.equal(manifest.status, "complete");
    const [trace] = manifest.captures!;
    assert.match(trace!.path, /^traces\/vscope_\d{8}_\d{6}_\d+_1_dp0_pp0_tp0\.gputrace$/);
    assert.equal(trace!.apparent_bytes, 50_000_005);
    assert.ok(trace!.allocated_bytes! < 1_000_000, "the file is sparse");
    assert.deepEqual(manifest.engine, {
      metal_memory_fraction: "0.1",
      model: "org/served",
      max_model_len: 512,
      kv_cache_tokens: 5312,
    });
    assert.deepEqual([manifest.versions.vllm, manifest.versions.macos], ["0.27.1", "15.6"]);
    assert.deepEqual(await validateBundle(Deno, out), []);
    const paths = manifest.artifacts.map(({ path }) => path);
    assert.ok(paths.includes(trace!.path) && paths.includes("report.html"), paths.join());
    assert.deepEqual(await mac.opened(), [`${out}/${trace!.path}`]);
    assert.deepEqual(json.open, [`${out}/${trace!.path}`]);
  });
});

Deno.test("the trace is found under the names of every version, each capture its own", async () => {
  for (const names of ["documented", "upstream"]) {
    await onMac({}, async (mac) => {
      const { code, json, stderr } = await capture(mac, "ok", {
        args: ["--captures", "2", "--no-warmup"],
        env: { FAKE_METAL_NAMES: names },
      });
      assert.equal(code, 0, stderr);
      assert.equal(json.captures.length, 2);
      assert.equal(new Set(json.captures.map(({ traces }) => traces[0]!.path)).size, 2);
      assert.ok(json.captures.every(({ verified }) => verified));
    });
  }
});

Deno.test("a second capture that an older vllm-metal ignores is explained; the first is kept", async () => {
  for (const names of ["documented", "no-prefix"]) {
    await onMac({}, async (mac) => {
      const { code, json, errors, out } = await capture(mac, "ok", {
        args: ["--captures", "3"],
        env: { FAKE_METAL_OLD: "1", FAKE_METAL_NAMES: names },
      });
      assert.equal(code, 1);
      assert.equal(json.status, "partial");
      assert.deepEqual(json.captures.map(({ verified }) => verified), [true, false]);
      assert.match(errors[0]!, /^Capture 2 of 3 failed: .*Metal did not start: .*keeps the name/);
      assert.match(errors[1]!, /^Captures 3 to 3 were not tried/);
      assert.equal((await readManifest(Deno, out))!.captures!.length, 1);
    });
  }
});

Deno.test("HTTP 200 without a trace is a failure, at once where the log tells why", async () => {
  await onMac({}, async (mac) => {
    const { code, json, errors } = await capture(mac, "not-started");
    assert.deepEqual([code, json.status], [1, "failed"]);
    assert.match(errors[0]!, /answered 200, but its log says that Metal did not start: \[metal/);
  });
  await onMac({}, async (mac) => {
    const { code, json, errors } = await capture(mac, "nothing", {
      args: ["--settle-timeout", "1s"],
    });
    assert.deepEqual([code, json.status], [1, "failed"]);
    assert.match(errors[0]!, /answered 200, and no \.gputrace appeared in ".*" within 1 s; check/);
  });
});

Deno.test("an empty trace, and one that does not come to rest, are no verified ones", async () => {
  await onMac({}, async (mac) => {
    const { code, json, errors } = await capture(mac, "empty");
    assert.deepEqual([code, json.status], [1, "failed"]);
    assert.match(errors[0]!, /is an empty folder/);
  });
  await onMac({}, async (mac) => {
    const { code, errors, out } = await capture(mac, "endless", {
      pace: PATIENT,
      args: ["--settle-timeout", "5s"],
    });
    assert.equal(code, 1);
    assert.match(errors[0]!, /still changing after 5 s/);
    assert.equal((await readManifest(Deno, out))!.captures!.length, 1);
  });
});

Deno.test("a trace that is written slowly, or appears late, is awaited", async () => {
  for (const mode of ["slow", "late"]) {
    await onMac({}, async (mac) => {
      const { code, json, stderr } = await capture(mac, mode, { pace: PATIENT });
      assert.equal(code, 0, stderr);
      assert.equal(json.captures[0]!.traces[0]!.files, mode === "slow" ? 5 : 2);
    });
  }
});

Deno.test("a server that refuses, dies or fails leaves a bundle that says why", async () => {
  const cases: [string, RegExp][] = [
    ["unset", /started without MTL_CAPTURE_ENABLED=1; Metal reads it once.*answers 500/],
    ["fails", /^The capture failed: its request failed: .*out of memory/],
    ["dies", /vLLM ended before its work was done \(exit code 7\)|its request failed/],
    [
      "no-start",
      /vLLM ended with exit code 3 before it was ready.*\n.*no such model|before its work/,
    ],
  ];
  for (const [mode, said] of cases) {
    await onMac({}, async (mac) => {
      const { code, json, errors } = await capture(mac, mode);
      assert.equal(code, 1, mode);
      assert.notEqual(json.status, "complete", mode);
      assert.match(errors.join("\n"), said, mode);
    });
  }
});

Deno.test("a disk that has become full makes the bundle partial", async () => {
  await onMac({}, async (mac) => {
    const { code, json, errors } = await capture(mac, "fills", {
      env: { FAKE_METAL_FILLS: `${mac.dir}/full` },
    });
    assert.deepEqual([code, json.status], [1, "partial"]);
    assert.match(errors[0]!, /is full \(0 MB left\): the traces may be cut short/);
  });
});

Deno.test("a server that asks for a key gets the one of its command", async () => {
  await onMac({}, async (mac) => {
    const command = ["vllm", "serve", "M", "--api-key", "k-1"];
    const { code, stderr, out } = await capture(mac, "ok", { command });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(await Deno.readTextFile(`${out}/bundle.json`), /k-1/);
  });
});

Deno.test("a command keeps its own flags, and gets those of the profiler", async () => {
  await onMac({}, async (mac) => {
    const traces = `${mac.dir}/mine`;
    const { code, json, log, stderr } = await capture(mac, "ok", {
      command: [
        "env",
        "VLLM_METAL_MEMORY_FRACTION=0.5",
        "vllm",
        "serve",
        "M",
        "--profiler-config",
        JSON.stringify({ torch_profiler_dir: traces, torch_profiler_with_stack: true }),
      ],
    });
    assert.equal(code, 0, stderr);
    assert.match(log, /^env 1 0\.5$/m);
    assert.equal(json.open[0]!.startsWith(`${traces}/`), true);
    const warnings = json.notes.map(({ message }) => message).join("\n");
    assert.match(warnings, /FRACTION is 0\.5: Xcode allocates all of it again/);
    assert.match(warnings, /sets torch_profiler_with_stack, .* has no effect on a trace/);
    const page = await Deno.readTextFile(`${mac.dir}/run/report.html`);
    assert.match(page, /FRACTION is 0\.5: Xcode allocates all of it again/);
  });
});

/** A server that runs, as if a person had started it; ended with what `use` returns. */
async function withServer(
  mac: Mac,
  env: Record<string, string>,
  use: (server: { url: string; traces: string; log: string }) => Promise<void>,
): Promise<void> {
  const [port, traces, log] = [freePort(), `${mac.dir}/traces`, `${mac.dir}/server.log`];
  const args = env["BARE"] ? [] : [
    "--profiler-config.profiler=torch",
    `--profiler-config.torch_profiler_dir=${traces}`,
  ];
  const server = new Deno.Command(`${mac.dir}/bin/vllm`, {
    args: ["serve", "M", "--port", port, ...args],
    env: { ...mac.env, ...env, FAKE_METAL_LOG: log },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  try {
    await until("it answers", 120_000, async () => {
      const reply = await fetch(`${url}/health`).catch(() => undefined);
      await reply?.body?.cancel();
      return reply?.ok === true;
    });
    await use({ url, traces, log });
    assert.deepEqual(await running([server.pid]), [server.pid], "the server is not ours to end");
  } finally {
    server.kill("SIGKILL");
    await server.status;
  }
}

Deno.test("--url captures from a server that runs, and leaves it running", async () => {
  await onMac({}, async (mac) => {
    await withServer(mac, { MTL_CAPTURE_ENABLED: "1" }, async ({ url, traces }) => {
      // One from another run is no trace of this one.
      await Deno.mkdir(`${traces}/older.gputrace`, { recursive: true });
      const out = `${mac.dir}/run`;
      const ran = await mac.run([
        "metal",
        "--out",
        out,
        ...QUICK,
        ...["--url", url, "--trace-dir", traces],
      ]);
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stderr, /unless it was started with 0\.1 or less, do not click Profile/);
      const manifest = (await readManifest(Deno, out))!;
      assert.equal(manifest.captures!.length, 1);
      assert.match(manifest.captures![0]!.path, new RegExp(`^${traces}/vscope_.*\\.gputrace$`));
      assert.match(ran.stdout, new RegExp(`^open ${traces}/vscope_`, "m"));
    });
  });
});

Deno.test("--url to a server without the variable: the reason is told from its log or reply", async () => {
  for (const mode of ["ok", "unset"]) {
    await onMac({}, async (mac) => {
      const env = { MTL_CAPTURE_ENABLED: "0", FAKE_METAL: mode };
      await withServer(mac, env, async ({ url, traces, log }) => {
        const out = `${mac.dir}/run`;
        const how = ["--out", out, ...QUICK, "--url", url, "--trace-dir", traces];
        const ran = await mac.run(["metal", ...how, "--server-log", log]);
        assert.equal(ran.code, 1);
        assert.match(ran.stderr, /started without MTL_CAPTURE_ENABLED=1; Metal reads it once/);
      });
    });
  }
});

Deno.test("--url to a server without a profiler, or to none, starts nothing", async () => {
  await onMac({}, async (mac) => {
    await withServer(mac, { BARE: "1" }, async ({ url, traces }) => {
      const ran = await mac.run(["metal", "--url", url, "--trace-dir", traces]);
      assert.equal(ran.code, 2);
      assert.match(
        ran.stderr,
        /has no profiler configured \(404 for \/start_profile\); restart it with MTL_CAPTURE/,
      );
    });
    const url = `http://127.0.0.1:${freePort()}`;
    const ran = await mac.run(["metal", "--url", url, "--trace-dir", "traces"]);
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, /no server answers there \(connection refused\)/);
    assert.deepEqual(await namesIn(`${mac.dir}/vscope-bundles`), []);
  });
});

Deno.test("Ctrl-C while attached stops the capture, and not the server", async () => {
  await onMac({}, async (mac) => {
    const env = { MTL_CAPTURE_ENABLED: "1", FAKE_METAL: "hangs" };
    await withServer(mac, env, async ({ url, traces, log }) => {
      const out = `${mac.dir}/run`;
      const how = ["--out", out, ...QUICK, "--url", url, "--trace-dir", traces];
      const child = mac.start(["metal", ...how]);
      const captured = async () => (await Deno.readTextFile(log)).includes("captured request");
      await until("it captures", 120_000, captured);
      child.kill("SIGINT");
      const ran = await ended(child);
      assert.equal(ran.code, 130, ran.stderr);
      const [name = ""] = await namesIn(traces);
      // The server writes this file when the capture is stopped.
      assert.ok((await namesIn(`${traces}/${name}`)).includes("store0"));
      assert.equal((await readManifest(Deno, out))!.status, "interrupted");
    });
  });
});

Deno.test("Ctrl-C closes the bundle as interrupted and ends the server", async () => {
  await onMac({}, async (mac) => {
    const out = `${mac.dir}/run`;
    const child = mac.start(
      ["metal", "--out", out, ...QUICK, "--model", "m", "--port", freePort()],
      { FAKE_METAL: "hangs" },
    );
    const logged = () => Deno.readTextFile(`${out}/logs/stderr.log`).catch(() => "");
    await until("it captures", 120_000, async () => (await logged()).includes("captured request"));
    const { pid } = (await readManifest(Deno, out))!.processes[0]!;
    assert.deepEqual(await running([pid]), [pid]);
    child.kill("SIGINT");
    const ran = await ended(child);
    assert.equal(ran.code, 130, ran.stderr);
    assert.deepEqual(await running([pid]), []);
    const manifest = (await readManifest(Deno, out))!;
    assert.equal(manifest.status, "interrupted");
    assert.equal(manifest.captures!.length, 1, "the unfinished trace is listed");
    assert.match(JSON.stringify(manifest.notes), /may not be whole/);
    assert.ok((await namesIn(out)).includes("metal.json"));
    assert.deepEqual(await validateBundle(Deno, out), []);
  });
});
