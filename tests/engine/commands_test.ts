import assert from "node:assert/strict";
import { interpreterOf, unwrapped } from "../../kit/engine/python/python_of.ts";
import { readVllmCommand } from "../../kit/engine/server/vllm_command.ts";
import { unsecretArgv } from "../../kit/bundle/unsecret.ts";
import { planRequests } from "../../kit/engine/server/requests.ts";
import { hooksEnvironment } from "../../kit/engine/python/hooks_package.ts";
import { fc } from "../deps.ts";

const read = (line: string) => readVllmCommand(line.split(" "));

Deno.test("readVllmCommand() knows a server in all its forms", () => {
  const server = { kind: "server", host: "127.0.0.1", port: 8000, model: "M" };
  assert.deepEqual(read("vllm serve M"), server);
  assert.deepEqual(read("/opt/bin/vllm serve M --port 9"), { ...server, port: 9 });
  assert.deepEqual(read("env A=b nice -n 5 vllm serve M --port=9 --host ::1"), {
    ...server,
    port: 9,
    host: "::1",
  });
  assert.deepEqual(read("python3 -m vllm.entrypoints.openai.api_server --model M"), server);
  assert.deepEqual(read("python -m vllm.entrypoints.cli.main serve M"), server);
  assert.deepEqual(read("uv run vllm serve M"), server);
});

Deno.test("readVllmCommand() knows a script, and what it cannot know", () => {
  assert.deepEqual(read("python3.11 offline.py --port 3"), { kind: "python" });
  assert.deepEqual(read("docker run image"), { kind: "other" });
  fc.assert(fc.property(fc.array(fc.string()), (argv) => {
    assert.ok(["server", "python", "other"].includes(readVllmCommand(argv).kind));
  }));
});

Deno.test("unwrapped() takes off what only changes how a command runs", () => {
  for (
    const line of [
      "env -u A B=c vllm x",
      "nice -n 3 vllm x",
      "nohup vllm x",
      "taskset -c 0,1 vllm x",
      "taskset 3 vllm x",
    ]
  ) {
    assert.deepEqual(unwrapped(line.split(" ")), ["vllm", "x"]);
  }
  assert.deepEqual(unwrapped(["env"]), ["env"]);
  // Names that every object of JavaScript has.
  for (const word of ["valueOf", "constructor", "__proto__"]) {
    assert.deepEqual(unwrapped([word, "x"]), [word, "x"]);
  }
});

Deno.test("interpreterOf() reads the heads that pip and uv write", () => {
  assert.equal(interpreterOf("#!/opt/v/bin/python\nimport x"), "/opt/v/bin/python");
  assert.equal(interpreterOf("#!/usr/bin/env python3\n"), "python3");
  assert.equal(
    interpreterOf(`#!/bin/sh\n'''exec' '/a b/bin/python3' "$0" "$@"\n' '''`),
    "/a b/bin/python3",
  );
  assert.equal(interpreterOf(`#!/bin/sh\n'''exec' /long/python "$0" "$@"\n' '''`), "/long/python");
  assert.equal(interpreterOf("#!/bin/bash\nexec vllm"), undefined);
  assert.equal(interpreterOf("ELF"), undefined);
});

Deno.test("secrets are not stored with the command", () => {
  assert.deepEqual(
    unsecretArgv([
      "vllm",
      "serve",
      "M",
      "--api-key",
      "k1",
      "--api-key=k2",
      "--hf-token",
      "hf_abcdefghij",
    ]),
    ["vllm", "serve", "M", "--api-key", "(secret)", "--api-key=(secret)", "--hf-token", "(secret)"],
  );
});

Deno.test("VLLM_PLUGINS and PYTHONPATH of the user are kept", () => {
  assert.deepEqual(hooksEnvironment("/h", {}), { PYTHONPATH: "/h" });
  assert.deepEqual(hooksEnvironment("/h", { PYTHONPATH: "/mine", VLLM_PLUGINS: "a,b" }), {
    PYTHONPATH: "/h:/mine",
    VLLM_PLUGINS: "a,b,vscope",
  });
  assert.equal(hooksEnvironment("/h", { VLLM_PLUGINS: "" })["VLLM_PLUGINS"], "vscope");
});

Deno.test("the same seed plans the same requests, of mixed length", () => {
  const mix = {
    baseUrl: "",
    model: "",
    count: 36,
    concurrency: 1,
    seed: 1,
    maxPromptWords: 300,
    maxTokens: 96,
  };
  const planned = planRequests(mix);
  assert.deepEqual(planRequests(mix), planned);
  assert.notDeepEqual(planRequests({ ...mix, seed: 2 }), planned);
  const lengths = planned.map(({ prompt }) => prompt.split(" ").length);
  assert.ok(Math.min(...lengths) < 10 && Math.max(...lengths) > 150);
  assert.equal(planned.filter(({ stream }) => stream).length, 18);
});
