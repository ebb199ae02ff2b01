import assert from "node:assert/strict";
import { validateBundle } from "../../../kit/bundle/validate.ts";
import { findFreePort } from "../../../kit/engine/system/free_port.ts";
import { inFolder, namesIn } from "../../folders.ts";
import { until } from "../../engine/processes.ts";
import {
  type Behaviour,
  type FakeServer,
  fakeServer,
  smallTrace,
} from "../../engine/torch/fake_server.ts";
import { runTorch, type TorchRun } from "../../engine/torch/recipe.ts";

const FEW = ["--requests", "4", "--concurrency", "2", "--prompt-tokens", "8"];

/** Attaches to a server of that behaviour and hands both to `check`. */
async function attach(
  behaviour: Behaviour,
  args: string[],
  check: (run: TorchRun, server: FakeServer, dir: string) => void | Promise<void>,
  press?: (server: FakeServer, ctrlC: AbortController, dir: string) => Promise<void>,
): Promise<void> {
  const few = !args.includes("--requests");
  await inFolder(async (dir) => {
    const server = await fakeServer(`${dir}/traces`, behaviour);
    try {
      const ctrlC = new AbortController();
      const pressing = press?.(server, ctrlC, dir);
      const run = await runTorch(
        dir,
        ["--url", server.url, "--trace-dir", `${dir}/traces`, ...(few ? FEW : []), ...args],
        { ctrlC },
      );
      await pressing;
      await check(run, server, dir);
    } finally {
      await server.close();
    }
  });
}

const paths = (server: FakeServer) => server.asked.map(({ path }) => path);

Deno.test("an attachment leaves a complete bundle with trace, analysis and page, and the server running", async () => {
  await attach({ traces: ["rank0.17.pt.trace.json.gz", "h_1.async_llm.18.pt.trace.json.gz"] }, [
    "--delay-iterations",
    "2",
  ], async ({ code, json, manifest, capture, said }, server, dir) => {
    assert.equal(code, 0, said.join("\n"));
    assert.equal(json["report"], `${dir}/run/report.html`);
    assert.equal(json["trace"], `${dir}/run/traces/rank0.17.pt.trace.json.gz`);
    assert.equal(manifest?.versions.vllm, "0.32.0");
    assert.deepEqual(
      capture.traces.map(({ role, rank, whole }) => [role, rank, whole]),
      [["rank", 0, true], ["front end", undefined, true]],
    );
    assert.equal(capture.window.ended, "the load was answered");
    assert.deepEqual(await validateBundle(Deno, `${dir}/run`), []);
    // What vLLM wrote stays where it is.
    assert.equal((await namesIn(`${dir}/traces`)).length, 2);
    const profiler = paths(server).filter((path) => path.endsWith("_profile"));
    assert.deepEqual(profiler, [
      "GET /start_profile",
      "POST /start_profile",
      "POST /stop_profile",
    ]);
    // Three to warm up, ahead of the start: one alone, and as many as the load has at a time.
    assert.equal(server.answered, 7);
    assert.ok(
      paths(server).indexOf("POST /start_profile") >
        paths(server).indexOf("POST /v1/completions"),
    );
    assert.match(said.join("\n"), /ui\.perfetto\.dev.*rank0\.17/);
  });
});

Deno.test("bounds in steps go with the start where the server takes them, with vLLM's count of the delay", async () => {
  const fields = ["profile_prefix", "delay_iterations", "max_iterations"];
  await attach({ fields }, ["--delay-iterations", "2", "--max-iterations", "9"], (run, server) => {
    assert.equal(run.code, 0, run.said.join("\n"));
    const start = server.asked.find(({ path }) => path === "POST /start_profile");
    assert.deepEqual(start?.body, { delay_iterations: 3, max_iterations: 9 });
  });
  await attach({}, [], (run, server) => {
    const start = server.asked.find(({ path }) => path === "POST /start_profile");
    assert.equal(start?.body, undefined);
    assert.match(run.notes, /takes no bounds in steps/);
  });
});

Deno.test("recording ends when the steps are recorded, and what is left of the load is given up", async () => {
  await attach(
    { fields: ["max_iterations"], fullAfter: 2 },
    ["--requests", "30000", "--concurrency", "1", "--prompt-tokens", "8"],
    ({ code, capture, said }, server) => {
      assert.equal(code, 0, said.join("\n"));
      assert.equal(capture.window.ended, "the steps were recorded");
      assert.ok(server.answered < 30_000, String(server.answered));
      assert.ok(paths(server).includes("POST /stop_profile"));
    },
  );
});

Deno.test("the seconds bound a load that does not end", async () => {
  await attach({ completionsHang: true }, ["--max-seconds", "0.5"], ({ code, capture, said }) => {
    assert.equal(code, 0, said.join("\n"));
    assert.equal(capture.window.ended, "the seconds had passed");
  });
});

Deno.test("with --no-load the seconds count from the first request of the user's", async () => {
  await attach({}, ["--no-load", "--max-seconds", "0.5"], ({ code, capture, said }) => {
    assert.equal(code, 0, said.join("\n"));
    assert.equal(capture.window.ended, "the seconds had passed");
    assert.ok(said.some((line) => /waiting for requests/.test(line)));
  }, async (server) => {
    await until(
      "it waits",
      300_000,
      () => paths(server).filter((p) => /metrics/.test(p)).length > 2,
    );
    const body = JSON.stringify({ model: "fake", prompt: "x", stream: false });
    await (await fetch(`${server.url}/v1/completions`, { method: "POST", body })).body?.cancel();
  });
  await attach({}, ["--no-load", "--load-timeout", "1"], (run) => {
    assert.equal(run.code, 1);
    assert.match(run.notes, /No request came within 1 s/);
  });
});

Deno.test("a program of the user's is a load; one that fails is told with its last words", async () => {
  await attach({}, ["--", "true"], ({ code, capture, said }) => {
    assert.equal(code, 0, said.join("\n"));
    assert.deepEqual([capture.load, capture.window.ended], ["true", "the load was answered"]);
  });
  await attach({}, ["--", "ls", "/nowhere"], (run, server) => {
    assert.equal(run.code, 1);
    assert.match(run.notes, /The load "ls nowhere" ended with exit code 2.*No such file/s);
    assert.ok(paths(server).includes("POST /stop_profile"));
  });
});

Deno.test("404, a refused connection and an unknown folder are bad input: exit code 2, no bundle", async () => {
  const refused = (behaviour: Behaviour, message: RegExp) =>
    attach(behaviour, [], async ({ code, json }, server, dir) => {
      assert.equal(code, 2);
      assert.match(json.error!.message, message);
      assert.deepEqual((await namesIn(dir)).filter((name) => name === "run"), []);
      assert.ok(!paths(server).includes("POST /start_profile"));
    });
  await refused(
    { unconfigured: true },
    /no profiler configured.*--profiler-config\.profiler=torch/,
  );
  await refused({ look: 500 }, /answers 500.*its log/);
  await refused({ look: 401 }, /answers 401.*key/);
  await inFolder(async (dir) => {
    const nobody = `http://127.0.0.1:${findFreePort()}`;
    const { code, json } = await runTorch(dir, ["--url", nobody]);
    assert.equal(code, 2);
    assert.match(json.error!.message, /no server answers there \(connection refused\)/);
    const server = await fakeServer(`${dir}/traces`);
    const unknown = await runTorch(dir, ["--url", server.url]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.json.error!.message, /does not tell where.*--trace-dir/);
    await server.close();
  });
});

Deno.test("a server in development mode tells its folder itself", async () => {
  await inFolder(async (dir) => {
    const server = await fakeServer(`${dir}/told`, { tellsFolder: true });
    const run = await runTorch(dir, ["--url", server.url, ...FEW]);
    await server.close();
    assert.equal(run.code, 0, run.said.join("\n"));
    assert.equal(run.capture.traces.length, 1);
  });
});

Deno.test("a start that fails is told with the server's words, and the bundle has failed", async () => {
  await attach({ startStatus: 500 }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /Cannot start the profiler: .* answers 500 \(no\)/);
  });
});

Deno.test("a stop that hangs is given up after --flush-timeout; what was written is kept", async () => {
  await attach({ stopHangs: true }, ["--flush-timeout", "1"], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "partial"]);
    assert.match(run.notes, /not written its traces after 1 s.*--flush-timeout/);
    assert.equal(run.capture.traces[0]?.whole, true);
    assert.ok(run.said.some((line) => /Writing traces, \d+ s: rank 0 0\.0 MB/.test(line)));
  });
});

Deno.test("no trace, one cut short and a missing rank are each told", async () => {
  await attach({ traces: [] }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /No worker left a trace/);
  });
  const whole = await smallTrace(2);
  await attach({ content: whole.slice(0, whole.length - 9) }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /The trace of rank 0 cannot be read to its end/);
  });
  await attach({ content: whole }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "partial"]);
    assert.match(run.notes, /1 of 2 ranks left a trace; missing: rank 1/);
    assert.equal(run.capture.ranks_expected, 2);
  });
});

Deno.test("a server that dies under the load leaves a failed bundle that says so", async () => {
  await attach({ dies: true }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [1, "failed"]);
    assert.match(run.notes, /requests failed.*\n.*Cannot stop the profiler/s);
  });
});

Deno.test("a request that the server cannot take is refused before the profiler is started", async () => {
  await attach({ maxModelLen: 16 }, ["--output-tokens", "9"], (run, server) => {
    assert.equal(run.code, 1);
    assert.match(run.notes, /takes requests of 16 tokens, and 8 \+ 9 are asked for/);
    assert.ok(!paths(server).includes("POST /start_profile"));
  });
});

Deno.test("Ctrl-C while recording stops the profiler and keeps its trace; while it is written it ends the waiting", async () => {
  await attach({ completionsHang: true }, [], (run, server) => {
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.ok(paths(server).includes("POST /stop_profile"));
    assert.equal(run.capture.window.ended, "it was interrupted");
    assert.equal(run.capture.traces[0]?.whole, true);
  }, async (server, ctrlC) => {
    // Requests that warm up come ahead of the start.
    const recorded = () => {
      const start = paths(server).indexOf("POST /start_profile");
      return start >= 0 && paths(server).includes("POST /v1/completions", start);
    };
    await until("it records", 300_000, recorded);
    ctrlC.abort("SIGINT");
  });
  await attach({ stopHangs: true, traces: [] }, [], (run) => {
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.match(run.notes, /Interrupted while vLLM was writing the traces/);
  }, async (server, ctrlC) => {
    await until("it stops", 300_000, () => paths(server).includes("POST /stop_profile"));
    ctrlC.abort("SIGINT");
  });
});

Deno.test("a start that was broken off is followed by a stop: no server is left profiling", async () => {
  await attach({ startHangs: true }, [], (run, server) => {
    assert.deepEqual([run.code, run.json.status], [130, "interrupted"]);
    assert.equal(paths(server).at(-1), "POST /stop_profile");
  }, async (server, ctrlC) => {
    await until("it starts", 300_000, () => paths(server).includes("POST /start_profile"));
    ctrlC.abort("SIGINT");
  });
});
