/** The host's side of both model runners, vLLM's own code, fed with the messages of a sweep. */

import assert from "node:assert/strict";
import { ROOT } from "../dev/run.ts";
import { engine } from "./engine.ts";

for (const runner of ["v1", "v2"]) {
  Deno.test(`the ${runner} model runner has the requests of a shot, and nothing of those before`, async () => {
    const { python } = await engine();
    const { code, stdout, stderr } = await new Deno.Command(python, {
      args: [`${ROOT}/tests/e2e/scripts/sweep_states.py`, runner],
      env: { PYTHONPATH: `${ROOT}/hooks:${ROOT}/tests/e2e/scripts`, VLLM_ENABLE_PROFILING: "0" },
    }).output();
    const found = /^FOUND (.*)$/m.exec(new TextDecoder().decode(stdout))?.[1];
    assert.ok(code === 0 && found, new TextDecoder().decode(stderr).slice(-4000));
    const { passes, refused, left } = JSON.parse(found);
    // Ten sequences of shots, each with one that is too large, three passes a shot.
    assert.deepEqual([passes > 3000, refused, left], [true, 10, 0]);
  });
}
