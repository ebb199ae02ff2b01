/**
 * SHA-256 of every text that vscope embeds, by its path in the checkout.
 *
 * Made by `./dev hooks`; do not edit.
 *
 * @module
 */

/** The checksums. */
export const TEXT_CHECKSUMS: Readonly<Record<string, string>> = {
  "configs/architecture/deepseek_v2.yaml":
    "031ee489f30f8c6076f718d07eaf195b70db8e2138f7a7cd228c39abc8c938b5",
  "configs/architecture/falcon_h1.yaml":
    "629ca83c5a3661f0f553a6a0a651ed1bdc4bbf5ce141b502d9bce8e8332049a8",
  "configs/architecture/gemma3_text.yaml":
    "85eea7abdda6eedb7612079bbdf9fa57f55b1a06f433f29be886cc5c5012ee6e",
  "configs/architecture/gpt_oss.yaml":
    "1d5094e876793ac5574ef661a65e339d5b936a30607597f55388a3a319092114",
  "configs/architecture/granitemoehybrid.yaml":
    "1814d0a3467fc4e3225b8906eeb631e3b396ef7da07ed1b0f2c4294556aa5dba",
  "configs/architecture/llama.yaml":
    "fe7762412939f9c1c05f0f782cf983f18ab80ff170093057dd1d82c6ee581d5c",
  "configs/architecture/mixtral.yaml":
    "dc1ba1d8119d2c1ef8e964e1a8dfcaf40b41834087f3304b2e124455ba019261",
  "configs/architecture/phimoe.yaml":
    "7219efa550dee9527cd86b19517799bff2925d01fb01bc8bc5d65be99516acbe",
  "configs/architecture/qwen2.yaml":
    "d688abf8c5752d87885148765efa6a4c68ba16a2cf3ba7b2782e24f672e1cb55",
  "configs/architecture/qwen3.yaml":
    "41abb17548d134d55f0064d9985047bfd1460bd8345adf6a82d761b4f7f594ff",
  "configs/architecture/qwen3_moe.yaml":
    "a829f472123bf4e42cdb823984b877573e17a22f6f7d8c3662282bbfc513e750",
  "configs/architecture/qwen3_next.yaml":
    "b93f1077ad69b4934b94add96324f460560c6e8bbd66bbac8dd69cc5018946fe",
  "configs/kernels.yaml": "eb26ca795196694db54643e99cab5e4a1ef3c5a2873391bea79a709aeb791f1e",
  "configs/model/Qwen/Qwen3-0.6B.json":
    "2c4c44b51100026330bff3ede27ad9cb3707ddd75a42a82ff6bb3e6a53e5f8fa",
  "configs/model/Qwen/Qwen3-30B-A3B-Instruct-2507.json":
    "0736f3bafb95cc658776c92ab34f5f98d8169634a3a36b84892d71448a1f19d3",
  "configs/model/Qwen/Qwen3-32B.json":
    "855a9d23f97f8771c84280619ae156c8f73c9cd64a5d53a059125b4aecab12d4",
  "configs/model/meta-llama/Llama-3.1-70B.json":
    "37653c55ea907be0dc75070afd416fc77e20981c60b7c7e9521ba343678c5349",
  "configs/model/meta-llama/Llama-3.1-8B.json":
    "54acfad3cffe057640904ca8a1e83525e6551c70c7a04c641f5a9eda0bbf64bd",
  "configs/model/microsoft/Phi-mini-MoE-instruct.json":
    "9594149f9fed36a5f74cace363b38423b39be5983c7146930c5569807cd2c90c",
  "configs/model/mistralai/Mixtral-8x7B-v0.1.json":
    "9d56d04b36d0fd12ff54ae4c5bac769cc176e254e64ff71144614b6318b40793",
  "kit/engine/ncu/engine_facts.py":
    "99a887a9bd1d2809ae96bf308389f8d3ccb19373c2dbc5f52de6bbe0595c4029",
  "kit/engine/private/add_numa.py":
    "8acbdcf770c531fb817664346c20393f66b89e381d672dac3f70d5e3718cfd16",
  "kit/engine/private/amx_permission.py":
    "9d69ee2a9657bd71fed65eaf225c325c8ba97afd75673f2bd0fe645b2b1306d2",
  "kit/engine/private/fetch_program.py":
    "684d816cc52e83de30bc8536bf5325f4b30f9594c363e0aa82e52c34090b5327",
  "kit/engine/private/make_tokenizer.py":
    "cde1000750cabf1b18ddcecc7ad8c3623212686362d3a66dd65b025b18182b69",
  "kit/engine/private/requirements.txt":
    "b99efa866bb378ff2d533bfb7f45a67b5f102d809233f02713210f2b3ba258b6",
  "kit/engine/private/uv_requirements.txt":
    "2672e522a111d7bba195f3fa1b9f17c25428d3f4dfa2009313ad8b365b57e4b9",
  "kit/engine/python/python_facts.py":
    "4a68b4e4171dff20ad2e5a8ef9132926828a8bccde0bef157b8c24206aa21937",
  "kit/engine/torch/profiler_facts.py":
    "fbbbab1331d5573145e764f2c7c393edc480b22ad266832816852a0c3b68e330",
  "kit/engine/vllm_metrics/option_facts.py":
    "f63fa776ee75a50e512fcc2d04cd777802109612af9d840a645e59e25e3888c8",
  "kit/report/page.css": "e3f8e4f801760bec62c8c0a041f3c575814809f3a7d5fd0de6c703fc5a04a7e8",
  "kit/report/page.js": "0b3fe815594130edec02862a4c3b459ab73e865c83dde2d9aca43d53616c6ba0",
};
