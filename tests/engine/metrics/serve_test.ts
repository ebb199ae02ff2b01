/** `/metrics`: which form, which address, which answers. */

import assert from "node:assert/strict";
import { Follower } from "../../../kit/analysis/live/follow.ts";
import { systemContext } from "../../../kit/engine/system/context.ts";
import { addressWarning, readAddress } from "../../../kit/engine/metrics/address.ts";
import { serveMetrics, wantedForm } from "../../../kit/engine/metrics/serve.ts";
import { fc } from "../../deps.ts";
import { assertSame, mergedText, samplesOf } from "../../analysis/live/samples.ts";
import { example } from "../../tools/export/sessions.ts";

Deno.test("OpenMetrics goes to those who ask for it, plain text to the others", () => {
  const prometheus = "application/openmetrics-text;version=1.0.0," +
    "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  assert.equal(wantedForm(prometheus), "openmetrics");
  assert.equal(wantedForm("Application/OpenMetrics-Text"), "openmetrics");
  for (
    const accept of [
      null,
      "*/*",
      "text/plain",
      "text/html,*/*;q=0.8",
      "application/openmetrics-text;q=0",
      "application/openmetrics-text;q=0.2, text/plain;q=0.5",
    ]
  ) {
    assert.equal(wantedForm(accept), "prometheus", String(accept));
  }
  fc.assert(fc.property(fc.string(), (accept) => void wantedForm(accept)));
});

Deno.test("a port alone is one of this machine; other addresses are named, and said", () => {
  const read = (text: string) => readAddress("--listen", text);
  assert.deepEqual(read("9464"), { hostname: "127.0.0.1", port: 9464, loopback: true });
  assert.deepEqual(read(":9464"), { hostname: "127.0.0.1", port: 9464, loopback: true });
  assert.deepEqual(read("[::1]:1"), { hostname: "::1", port: 1, loopback: true });
  assert.deepEqual(addressWarning(read("localhost:1")), []);
  for (const text of ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "127.example.org:80"]) {
    if (text.startsWith("127.")) assert.equal(read(text).loopback, false);
    else assert.match(addressWarning(read(text))[0]!, /can be read by everyone who reaches/);
  }
  for (const text of ["", "x", "127.0.0.1", "127.0.0.1:65536", "a b:1", "1:2:3", "http://a:1"]) {
    assert.throws(() => read(text), /give an address and a port, as 127\.0\.0\.1:9464/, text);
  }
});

Deno.test("a session is served in both forms, with the numbers of its tables", async () => {
  const { context, close } = systemContext({ quiet: true, verbose: false, color: false });
  const follower = new Follower(Deno, context.clock, example("moe"));
  const server = serveMetrics(context, follower, readAddress("--listen", "0"));
  try {
    const get = async (path: string, init?: RequestInit) => {
      const response = await fetch(new URL(path, server.url), init);
      return { response, text: await response.text() };
    };
    const accept = "application/openmetrics-text; version=1.0.0";
    const open = await get("/metrics", { headers: { accept } });
    assert.equal(
      open.response.headers.get("content-type"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    assert.ok(open.text.endsWith("# EOF\n"));
    assertSame(open.text, await mergedText(example("moe")));
    const plain = await get("/metrics");
    assert.equal(
      plain.response.headers.get("content-type"),
      "text/plain; version=0.0.4; charset=utf-8",
    );
    assert.deepEqual(samplesOf(plain.text), samplesOf(open.text));
    assert.doesNotMatch(plain.text, /# (EOF|UNIT)/);
    assert.match(plain.text, /^# TYPE vscope_preemptions_total counter$/m);
    assert.match(plain.text, /^# TYPE vscope_session_info gauge$/m);
    const head = await get("/metrics", { method: "HEAD" });
    assert.deepEqual([head.response.status, head.text], [200, ""]);
    assert.equal((await get("/")).response.status, 200);
    assert.equal((await get("/other")).response.status, 404);
    assert.equal((await get("/metrics", { method: "POST" })).response.status, 405);
    const { port } = new URL(server.url);
    assert.throws(
      () => serveMetrics(context, follower, readAddress("--listen", port)),
      /Cannot serve metrics at 127\.0\.0\.1:\d+: .*; give another address$/,
    );
  } finally {
    await server.close();
    await close();
  }
});
