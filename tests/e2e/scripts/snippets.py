"""The pandas snippets that users of the session layout have; run in the folder of a session.

With the argument `graphs` those of CUDA graphs, which only a session of a GPU has; with `experts` those that run in the
folder of the experts' tables; else the others.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

if "graphs" in sys.argv:
    graphs = pd.read_csv("cuda_graph_usage.csv")
    top_graphs = graphs.nlargest(10, "replay_count")
    print(top_graphs[["num_tokens", "replay_count"]])
    print("DONE")
    sys.exit()

if "experts" in sys.argv:
    df = pd.read_csv("moe_expert_activations.csv")
    for layer in df["layer_idx"].unique():
        layer_df = df[df["layer_idx"] == layer]
        ratio = layer_df["activation_count"].max() / layer_df["activation_count"].min()
        print(f"Layer {layer}: load balance ratio = {ratio:.2f}")
    df = pd.read_csv("moe_routing_weights_hist.csv")
    for what in ("mean", "std", "min", "max"):
        value = getattr(df["weight"], what)()
        assert 0 <= value <= 1, (what, value)
        print(f"  {what}: {value:.4f}")
    sys.exit()

kv_cache = pd.read_csv("kv_cache_usage.csv")
plt.figure(figsize=(12, 6))
plt.plot(kv_cache["timestamp_sec"], kv_cache["usage_pct"])
plt.savefig("kv_cache_usage.png")

moe = pd.read_csv("moe_expert_tracking/moe_expert_activations.csv")
for layer_idx in moe["layer_idx"].unique():
    layer = moe[moe["layer_idx"] == layer_idx]
    print("layer", layer_idx, "coverage", len(layer), "of", layer["expert_id"].max() + 1)
    print("range", layer["percentage"].min(), layer["percentage"].max())
    print("ratio", layer["activation_count"].max() / layer["activation_count"].min())

first = moe[moe["layer_idx"] == 0]
plt.figure(figsize=(10, 6))
plt.bar(first["expert_id"], first["percentage"])
plt.savefig("expert_activations.png")

weights = pd.read_csv("moe_expert_tracking/moe_routing_weights_hist.csv")
print("weights", weights["weight"].mean(), weights["weight"].std(), len(weights))
for _, row in kv_cache.iterrows():
    assert 0 <= row["usage_pct"] <= 100
    print(f'vllm_kv_cache_usage{{timestamp="{row["timestamp_sec"]}"}} {row["usage_pct"]}')
print("DONE")
