/**
 * Every text that vscope embeds, for the check of all of them.
 *
 * Made by `./dev hooks`; do not edit.
 *
 * @module
 */

import t0 from "../../../configs/architecture/deepseek_v2.yaml" with { type: "text" };
import t1 from "../../../configs/architecture/falcon_h1.yaml" with { type: "text" };
import t2 from "../../../configs/architecture/gemma3_text.yaml" with { type: "text" };
import t3 from "../../../configs/architecture/gpt_oss.yaml" with { type: "text" };
import t4 from "../../../configs/architecture/granitemoehybrid.yaml" with { type: "text" };
import t5 from "../../../configs/architecture/llama.yaml" with { type: "text" };
import t6 from "../../../configs/architecture/mixtral.yaml" with { type: "text" };
import t7 from "../../../configs/architecture/phimoe.yaml" with { type: "text" };
import t8 from "../../../configs/architecture/qwen2.yaml" with { type: "text" };
import t9 from "../../../configs/architecture/qwen3.yaml" with { type: "text" };
import t10 from "../../../configs/architecture/qwen3_moe.yaml" with { type: "text" };
import t11 from "../../../configs/architecture/qwen3_next.yaml" with { type: "text" };
import t12 from "../../../configs/kernels.yaml" with { type: "text" };
import t13 from "../../../configs/model/Qwen/Qwen3-0.6B.json" with { type: "text" };
import t14 from "../../../configs/model/Qwen/Qwen3-30B-A3B-Instruct-2507.json" with {
  type: "text",
};
import t15 from "../../../configs/model/Qwen/Qwen3-32B.json" with { type: "text" };
import t16 from "../../../configs/model/meta-llama/Llama-3.1-70B.json" with { type: "text" };
import t17 from "../../../configs/model/meta-llama/Llama-3.1-8B.json" with { type: "text" };
import t18 from "../../../configs/model/microsoft/Phi-mini-MoE-instruct.json" with { type: "text" };
import t19 from "../../../configs/model/mistralai/Mixtral-8x7B-v0.1.json" with { type: "text" };
import t20 from "../../engine/ncu/engine_facts.py" with { type: "text" };
import t21 from "../../engine/private/add_numa.py" with { type: "text" };
import t22 from "../../engine/private/amx_permission.py" with { type: "text" };
import t23 from "../../engine/private/fetch_program.py" with { type: "text" };
import t24 from "../../engine/private/make_tokenizer.py" with { type: "text" };
import t25 from "../../engine/private/requirements.txt" with { type: "text" };
import t26 from "../../engine/private/uv_requirements.txt" with { type: "text" };
import t27 from "../../engine/python/python_facts.py" with { type: "text" };
import t28 from "../../engine/torch/profiler_facts.py" with { type: "text" };
import t29 from "../../engine/vllm_metrics/option_facts.py" with { type: "text" };
import t30 from "../../report/page.css" with { type: "text" };
import t31 from "../../report/page.js" with { type: "text" };

/** The texts by their path in the checkout. */
export const TEXTS: Readonly<Record<string, string>> = {
  "configs/architecture/deepseek_v2.yaml": t0,
  "configs/architecture/falcon_h1.yaml": t1,
  "configs/architecture/gemma3_text.yaml": t2,
  "configs/architecture/gpt_oss.yaml": t3,
  "configs/architecture/granitemoehybrid.yaml": t4,
  "configs/architecture/llama.yaml": t5,
  "configs/architecture/mixtral.yaml": t6,
  "configs/architecture/phimoe.yaml": t7,
  "configs/architecture/qwen2.yaml": t8,
  "configs/architecture/qwen3.yaml": t9,
  "configs/architecture/qwen3_moe.yaml": t10,
  "configs/architecture/qwen3_next.yaml": t11,
  "configs/kernels.yaml": t12,
  "configs/model/Qwen/Qwen3-0.6B.json": t13,
  "configs/model/Qwen/Qwen3-30B-A3B-Instruct-2507.json": t14,
  "configs/model/Qwen/Qwen3-32B.json": t15,
  "configs/model/meta-llama/Llama-3.1-70B.json": t16,
  "configs/model/meta-llama/Llama-3.1-8B.json": t17,
  "configs/model/microsoft/Phi-mini-MoE-instruct.json": t18,
  "configs/model/mistralai/Mixtral-8x7B-v0.1.json": t19,
  "kit/engine/ncu/engine_facts.py": t20,
  "kit/engine/private/add_numa.py": t21,
  "kit/engine/private/amx_permission.py": t22,
  "kit/engine/private/fetch_program.py": t23,
  "kit/engine/private/make_tokenizer.py": t24,
  "kit/engine/private/requirements.txt": t25,
  "kit/engine/private/uv_requirements.txt": t26,
  "kit/engine/python/python_facts.py": t27,
  "kit/engine/torch/profiler_facts.py": t28,
  "kit/engine/vllm_metrics/option_facts.py": t29,
  "kit/report/page.css": t30,
  "kit/report/page.js": t31,
};
