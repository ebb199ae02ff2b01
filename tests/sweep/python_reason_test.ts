/** Errors of Python's in one line. */

import assert from "node:assert/strict";
import { pythonReason } from "../../kit/engine/sweep/python_reason.ts";
import { fc } from "../deps.ts";

Deno.test("of an error of pydantic's what is wrong is said, and not how much", () => {
  const message = "ValidationError: 1 validation error for ModelConfig\n" +
    "  Value error, Model architectures ['OddForCausalLM'] are not supported for now. " +
    "[type=value_error, input_value=ArgsKwargs((), {'model': 'x'}), input_type=ArgsKwargs]\n" +
    "    For further information visit https://errors.pydantic.dev/2.12/v/value_error";
  assert.equal(
    pythonReason(message),
    "ModelConfig: Model architectures ['OddForCausalLM'] are not supported for now.",
  );
  assert.equal(
    pythonReason("1 validation error for Config\nseed\n  Input should be a number [type=int, x=1]"),
    "Config: seed Input should be a number",
  );
});

Deno.test("of any other error it is the first line, and never a long one", () => {
  assert.equal(pythonReason("\nValueError: no\n  more"), "ValueError: no");
  fc.assert(fc.property(fc.string({ maxLength: 900, unit: "grapheme" }), (text) => {
    const reason = pythonReason(text);
    assert.ok(reason.length <= 300 && !reason.includes("\n"));
  }));
});
