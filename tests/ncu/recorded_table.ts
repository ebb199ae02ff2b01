/** The launches that the stand-in for ncu hands over: recorded on an H200, vLLM with 128 experts. */

import { gunzip } from "node:zlib";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { type Category } from "../../kit/analysis/capture/model.ts";
import { kernelClassifier } from "../../kit/analysis/kernels/classify.ts";
import { loadCsv } from "../../kit/deps.ts";

const RECORDED = fileURLToPath(
  new URL("../analysis/ncu/recorded/experts.raw.csv.gz", import.meta.url),
);

/** The table as gzip. */
export async function tableToHandOver(): Promise<Uint8Array> {
  return await Deno.readFile(RECORDED);
}

/** Names of the launches, in their order, and what kind of work each is. */
export async function launchesToHandOver(): Promise<{ name: string; category: Category }[]> {
  const text = new TextDecoder().decode(await promisify(gunzip)(await tableToHandOver()));
  const [head = [], , ...records] = (await loadCsv()).parse(text, {
    delimiter: ",",
    skipEmptyLines: true,
  }).data;
  const column = head.indexOf("Kernel Name");
  const classify = await kernelClassifier();
  return records.map((record) => {
    const name = record[column] ?? "";
    return { name, category: classify(name) };
  });
}
