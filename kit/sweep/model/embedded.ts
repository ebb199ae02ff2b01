/**
 * The models and the architectures that vscope brings, from configs/.
 *
 * @module
 */

type Text = () => Promise<{ default: string }>;

/** config.json of models, by ID. One more is a file in configs/model and a line here. */
export const MODELS: Readonly<Record<string, Text>> = {
  "Qwen/Qwen3-0.6B": () =>
    import("../../../configs/model/Qwen/Qwen3-0.6B.json", { with: { type: "text" } }),
  "Qwen/Qwen3-32B": () =>
    import("../../../configs/model/Qwen/Qwen3-32B.json", { with: { type: "text" } }),
  "Qwen/Qwen3-30B-A3B-Instruct-2507": () =>
    import("../../../configs/model/Qwen/Qwen3-30B-A3B-Instruct-2507.json", {
      with: { type: "text" },
    }),
  "meta-llama/Llama-3.1-8B": () =>
    import("../../../configs/model/meta-llama/Llama-3.1-8B.json", { with: { type: "text" } }),
  "meta-llama/Llama-3.1-70B": () =>
    import("../../../configs/model/meta-llama/Llama-3.1-70B.json", { with: { type: "text" } }),
  "microsoft/Phi-mini-MoE-instruct": () =>
    import("../../../configs/model/microsoft/Phi-mini-MoE-instruct.json", {
      with: { type: "text" },
    }),
  "mistralai/Mixtral-8x7B-v0.1": () =>
    import("../../../configs/model/mistralai/Mixtral-8x7B-v0.1.json", { with: { type: "text" } }),
};

/** Architectures by model_type. One more is a file in configs/architecture and a line here. */
export const ARCHITECTURES: Readonly<Record<string, Text>> = {
  deepseek_v2: () =>
    import("../../../configs/architecture/deepseek_v2.yaml", { with: { type: "text" } }),
  falcon_h1: () =>
    import("../../../configs/architecture/falcon_h1.yaml", { with: { type: "text" } }),
  gemma3_text: () =>
    import("../../../configs/architecture/gemma3_text.yaml", { with: { type: "text" } }),
  gpt_oss: () => import("../../../configs/architecture/gpt_oss.yaml", { with: { type: "text" } }),
  granitemoehybrid: () =>
    import("../../../configs/architecture/granitemoehybrid.yaml", { with: { type: "text" } }),
  llama: () => import("../../../configs/architecture/llama.yaml", { with: { type: "text" } }),
  mixtral: () => import("../../../configs/architecture/mixtral.yaml", { with: { type: "text" } }),
  phimoe: () => import("../../../configs/architecture/phimoe.yaml", { with: { type: "text" } }),
  qwen2: () => import("../../../configs/architecture/qwen2.yaml", { with: { type: "text" } }),
  qwen3: () => import("../../../configs/architecture/qwen3.yaml", { with: { type: "text" } }),
  qwen3_moe: () =>
    import("../../../configs/architecture/qwen3_moe.yaml", { with: { type: "text" } }),
  qwen3_next: () =>
    import("../../../configs/architecture/qwen3_next.yaml", { with: { type: "text" } }),
};
