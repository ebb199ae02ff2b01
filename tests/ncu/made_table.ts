/** The launches that the stand-in for ncu hands over: a recorded table where there is one, or a made one. */

import { gunzip, gzip } from "node:zlib";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { type Category } from "../../kit/analysis/capture/model.ts";
import { kernelClassifier } from "../../kit/analysis/kernels/classify.ts";
import { loadCsv } from "../../kit/deps.ts";
import { type Figure, rawPage } from "../analysis/ncu/table.ts";

/** A table that was recorded on a GPU; the made one stands in until there is one. */
const RECORDED = fileURLToPath(
  new URL("../analysis/ncu/fixtures/vllm-dense.raw.csv.gz", import.meta.url),
);

/** Names as they are in vLLM's CUDA builds, in the order of a layer. */
const NAMES = [
  "void vllm::rms_norm_kernel<c10::BFloat16>(c10::BFloat16 *, const c10::BFloat16 *, float, int, int)",
  "nvjet_tst_128x64_64x8_2x1_v_bz_TNT",
  "void vllm::rotary_embedding_kernel<c10::BFloat16, true>(const long *, c10::BFloat16 *)",
  "void vllm::reshape_and_cache_flash_kernel<__nv_bfloat16, __nv_bfloat16, (Fp8KVCacheDataType)0>()",
  "void cutlass::device_kernel<flash::enable_sm90_or_later<flash::FlashAttnFwdSm90<int>>>(T1::Params)",
  "nvjet_tst_64x8_64x16_4x1_v_bz_splitK_TNT",
  // The expression for ffn matches it, and the rules know better.
  "void cutlass::device_kernel<cutlass::gemm::kernel::GemmUniversal<GroupProblemShape>>(T1::Params)",
  "void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel, (bool)1>(c10::BFloat16 *)",
  "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::ArgMaxOps<float>>>()",
];

function figures(place: number): Record<string, Figure> {
  return {
    "gpu__time_duration.sum": ["ns", String(4000 + 100 * place)],
    "dram__bytes.sum.per_second": ["byte/second", `${1.5 + place / 10}e12`],
    "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed": ["%", String(40 + place)],
    "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed": ["%", String(45 + place)],
    "sm__throughput.avg.pct_of_peak_sustained_elapsed": ["%", "31.5"],
    "sm__warps_active.avg.pct_of_peak_sustained_active": ["%", "52.25"],
    "launch__registers_per_thread": ["register/thread", "128"],
  };
}

/** A table as gzip. */
export async function tableToHandOver(): Promise<Uint8Array> {
  try {
    return await Deno.readFile(RECORDED);
  } catch {
    // None was recorded yet.
    const launches = [...NAMES, ...NAMES, ...NAMES]
      .map((name, place) => ({ name, figures: figures(place) }));
    return await promisify(gzip)(rawPage(launches));
  }
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
