/** The host's side of both model runners, vLLM's own code, fed with the messages of a sweep. */

import assert from "node:assert/strict";
import { foundBy } from "./found_by.ts";

for (const runner of ["v1", "v2"]) {
  Deno.test(`the ${runner} model runner has the requests of a shot, and nothing of those before`, async () => {
    const { passes, refused, left } = await foundBy("sweep_states.py", [runner]);
    // Ten sequences of shots, each with one that is too large, three passes a shot.
    assert.deepEqual([passes > 3000, refused, left], [true, 10, 0]);
  });
}
