/** A session that is followed, against the same session when it was merged. */

import assert from "node:assert/strict";
import { LiveSession } from "../../../kit/analysis/live/live_session.ts";
import { exposition } from "../../../kit/analysis/metrics/families.ts";
import { example } from "../../tools/export/sessions.ts";
import { assertSame, mergedText } from "./samples.ts";

Deno.test("a followed session has the metrics of the merged one, to the last count", async () => {
  for (const name of ["session", "moe"] as const) {
    const live = new LiveSession(Deno, example(name));
    await live.look(new Date());
    assert.ok(live.ended && live.caughtUp);
    assertSame(exposition(live.snapshot()), await mergedText(example(name)));
  }
});
