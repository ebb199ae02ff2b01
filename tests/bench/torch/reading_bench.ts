/**
 * What reading a trace is made of: `deno bench -A tests/bench/torch`. The trace is the recording that
 * the other benchmark multiplies.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import { analyzeCapture } from "../../../kit/analysis/capture/analyze.ts";
import { kernelClassifier } from "../../../kit/analysis/kernels/classify.ts";
import { TraceDocument } from "../../../kit/analysis/torch/document.ts";
import { TraceEvent } from "../../../kit/analysis/torch/event.ts";
import { Names } from "../../../kit/analysis/activity/names.ts";
import { Rank } from "../../../kit/analysis/torch/rank.ts";
import { Tables } from "../../../kit/analysis/activity/tables.ts";

const PATH = new URL("./seed.json.gz", import.meta.url).pathname;
const bytes = new Uint8Array(gunzipSync(await Deno.readFile(PATH)));
const text = new TextDecoder().decode(bytes);
const classify = await kernelClassifier();

Deno.bench("JSON.parse of all of it", { baseline: true }, () => {
  JSON.parse(text);
});

Deno.bench("its events, as bytes", () => {
  new TraceDocument(new TraceEvent(new Names()), () => {}).feed(bytes);
});

Deno.bench("its events and tables", () => {
  const tables = new Tables(classify);
  const event = new TraceEvent(tables.names);
  const rank = new Rank(tables);
  new TraceDocument(event, () => rank.take(event)).feed(bytes);
  rank.finish(event.base);
});

Deno.bench("all of it, from the packed file to the document", async () => {
  await analyzeCapture(Deno, [PATH]);
});
