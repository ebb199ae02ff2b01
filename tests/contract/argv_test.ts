import assert from "node:assert/strict";
import { readArguments } from "../../kit/contract/argv.ts";
import { UsageError } from "../../kit/contract/errors.ts";
import * as kinds from "../../kit/contract/options.ts";
import { fc } from "../deps.ts";

const options = {
  logInterval: kinds.integer({ doc: "d", default: 1 }),
  color: kinds.boolean({ doc: "d", default: true }),
  quiet: kinds.boolean({ doc: "d", default: false, short: "q" }),
  tp: kinds.list({ doc: "d", of: kinds.integer({ doc: "d" }), default: [1] }),
  token: kinds.text({ doc: "d", secret: true }),
};

const read = (...argv: string[]) => readArguments("monitor", options, argv);

Deno.test("readArguments() takes flags in all their forms and leaves the command alone", async () => {
  const found = await read(
    "--log-interval=5",
    "-q",
    "--no-color",
    "--tp",
    "1",
    "--tp",
    "2",
    "run1",
    "--",
    "vllm",
    "--quiet",
  );
  assert.deepEqual(
    Object.fromEntries(Object.entries(found.flags).map(([name, { text }]) => [name, text])),
    { logInterval: "5", quiet: "1", color: "0", tp: "1,2" },
  );
  assert.deepEqual(found.operands, ["run1"]);
  assert.deepEqual(found.command, ["vllm", "--quiet"]);
});

Deno.test("readArguments() suggests the flag that was meant", async () => {
  await assert.rejects(read("--log-intervall", "5"), {
    name: "UsageError",
    message:
      'Cannot run monitor: unknown option "--log-intervall"; did you mean "--log-interval"? ' +
      '(see "vscope monitor --help")',
  });
});

Deno.test("readArguments() refuses a flag without its value, a switch with one, and one given twice", async () => {
  await assert.rejects(
    read("--log-interval"),
    /option "--log-interval" has no value; give a whole number/,
  );
  await assert.rejects(read("--log-interval", "--", "x"), /has no value/);
  await assert.rejects(read("--no-color=1"), /takes no value/);
  await assert.rejects(read("--log-interval", "1", "--log-interval", "2"), /is given twice/);
});

Deno.test("a flag whose value may be left out takes the word behind it only where that is a value", async () => {
  const listen = { listen: kinds.text({ doc: "d", bare: "1:2" }), ...options };
  const of = async (...argv: string[]) => {
    const { flags, operands, command } = await readArguments("watch", listen, argv);
    return [flags["listen"]?.text, operands, command];
  };
  assert.deepEqual(await of("--listen"), ["1:2", [], undefined]);
  assert.deepEqual(await of("run1", "--listen", "-q"), ["1:2", ["run1"], undefined]);
  assert.deepEqual(await of("--listen", "--", "x"), ["1:2", [], ["x"]]);
  assert.deepEqual(await of("--listen", "3:4", "run1"), ["3:4", ["run1"], undefined]);
  assert.deepEqual(await of("--listen=5", "run1"), ["5", ["run1"], undefined]);
});

Deno.test("a secret has no flag", async () => {
  await assert.rejects(read("--token", "x"), /unknown option "--token"/);
});

Deno.test("readArguments() throws nothing but a UsageError, whatever it is given", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.string(), fc.constantFrom("--", "-", "--tp", "--=", "-q"))),
      async (argv) => {
        try {
          await read(...argv);
        } catch (error) {
          assert.ok(error instanceof UsageError);
        }
      },
    ),
  );
});
