/**
 * What the notebook shows of each table, in Python.
 *
 * @module
 */

import { THRESHOLDS } from "../../../analysis/thresholds.ts";
import type { SessionTableName } from "../../../bundle/session/session_tables.ts";

/** A part of the notebook; it is left out where its table has no rows. */
export interface Figure<T extends string = SessionTableName> {
  readonly table: T;
  readonly title: string;
  /** What it tells, in a sentence or two. */
  readonly words: string;
  /** The table is `rows`. */
  readonly code: string;
}

const { kvLow, kvGoodFrom, kvGoodTo, kvHigh, expertRatio, expertDeviation } = THRESHOLDS;

/** All parts, in their order. */
export const FIGURES: readonly Figure[] = [
  {
    table: "kv_cache_usage",
    title: "KV cache usage over time",
    words: `Below ${kvLow.value} % the cache is larger than the load needs, from ` +
      `${kvGoodFrom.value} to ${kvGoodTo.value} % is a good balance, above ${kvHigh.value} % ` +
      "requests soon wait for blocks.",
    code: `
fig, ax = plt.subplots(figsize=(12, 5))
for pid, engine in rows.groupby("pid"):
    ax.plot(engine["timestamp_sec"], engine["usage_pct"], label=f"engine {pid}")
ax.axhspan(${kvGoodFrom.value}, ${kvGoodTo.value}, color="tab:green", alpha=0.1)
ax.axhline(${kvHigh.value}, color="tab:red", linestyle="--", linewidth=1)
ax.set(xlabel="Time (s)", ylabel="KV cache usage (%)", title="KV cache usage over time", ylim=(0, 100))
ax.grid(True)
ax.legend()
plt.show()
rows["usage_pct"].describe(percentiles=[0.5, 0.95, 0.99])
`,
  },
  {
    table: "kv_cache_evictions",
    title: "Evicted blocks",
    words: "How long a cached block lived before it was given up, and how long it lay idle.",
    code: `
fig, ax = plt.subplots(figsize=(10, 4))
ax.hist([rows["lifetime_sec"], rows["idle_sec"]], bins=40, label=["lifetime", "idle"])
ax.set(xlabel="Time (s)", ylabel="Blocks", title="Evicted KV blocks")
ax.grid(True, axis="y")
ax.legend()
plt.show()
`,
  },
  {
    table: "cuda_graph_usage",
    title: "The most replayed CUDA graphs",
    words: "A few graphs that are replayed most mean a uniform load; many, a diverse one.",
    code: `
shape = rows["runtime_mode"] + ":" + rows["num_tokens"].astype(str)
replays = rows.groupby(shape)["replay_count"].sum().nlargest(10)
replays = replays[replays > 0]
fig, ax = plt.subplots(figsize=(10, 4))
ax.bar(replays.index, replays)
ax.set(xlabel="Captured batch shape (mode:tokens)", ylabel="Replays", title="Top 10 CUDA graphs")
ax.tick_params(axis="x", rotation=45)
ax.grid(True, axis="y")
plt.show()
replays
`,
  },
  {
    table: "forward_pass_timing",
    title: "Forward passes",
    words: "Each point is a forward pass of the first rank.",
    code: `
passes = first_rank(rows)
fig, ax = plt.subplots(figsize=(12, 5))
for phase, some in passes.groupby("phase"):
    ax.scatter(some["timestamp_sec"], some["forward_time_ms"], s=6, label=phase)
ax.set(xlabel="Time (s)", ylabel="Forward pass (ms)", title="Forward passes by phase", yscale="log")
ax.grid(True)
ax.legend()
plt.show()
passes.groupby("phase")["forward_time_ms"].describe(percentiles=[0.5, 0.95, 0.99])
`,
  },
  {
    table: "batch_utilization",
    title: "Batches and queues",
    words: "Each point is a scheduled batch, against max_num_seqs and max_num_batched_tokens.",
    code: `
fig, (above, below) = plt.subplots(2, 1, figsize=(12, 7), sharex=True)
above.plot(rows["timestamp_sec"], rows["seq_utilization_pct"], label="sequences")
above.plot(rows["timestamp_sec"], rows["token_utilization_pct"], label="tokens")
above.set(ylabel="Of the limit (%)", title="Batches")
below.plot(rows["timestamp_sec"], rows["running_queue_len"], label="running")
below.plot(rows["timestamp_sec"], rows["waiting_queue_len"], label="waiting")
below.set(xlabel="Time (s)", ylabel="Requests", title="Queues")
for ax in (above, below):
    ax.grid(True)
    ax.legend()
plt.show()
`,
  },
  {
    table: "cpu_operations_timing",
    title: "Operations on the CPU",
    words: "Operations overlap: model execution holds batch preparation, for one.",
    code: `
total = rows.groupby("operation")["duration_ms"].sum().sort_values() / 1000
fig, ax = plt.subplots(figsize=(10, 4))
ax.barh(total.index, total)
ax.set(xlabel="Total time (s)", title="Operations on the CPU")
ax.grid(True, axis="x")
plt.show()
rows.groupby("operation")["duration_ms"].describe(percentiles=[0.5, 0.95, 0.99])
`,
  },
  {
    table: "request_lifecycle",
    title: "Requests",
    words: "Times in the engine: from arrival to the first token, and to the end.",
    code: `
first_token = rows["first_token_sec"] - rows["queued_sec"]
whole = rows["finished_sec"] - rows["queued_sec"]
fig, ax = plt.subplots(figsize=(10, 4))
ax.hist([first_token.dropna(), whole.dropna()], bins=30, label=["to the first token", "to the end"])
ax.set(xlabel="Time (s)", ylabel="Requests", title="Requests")
ax.grid(True, axis="y")
ax.legend()
plt.show()
rows["status"].value_counts()
`,
  },
  {
    table: "preemption_events",
    title: "Preemptions",
    words: "Why requests were preempted, and how often.",
    code: `
rows[rows["event"] == "preempted"]["reason"].value_counts()
`,
  },
  {
    table: "encoder_decoder_timing",
    title: "Encoder and decoder",
    words: "Cross-attention is a part of the decoder.",
    code: `
rows.groupby("component")["duration_ms"].describe(percentiles=[0.5, 0.95, 0.99])
`,
  },
  {
    table: "moe_expert_activations",
    title: "Expert activations",
    words: "Balanced layers have a largest load below " +
      `${expertRatio.value} times the smallest, and a deviation below ${expertDeviation.value} of ` +
      "the mean. Set LAYER to see another one.",
    code: `
LAYER = rows["layer_idx"].min()
experts = first_rank(rows)
layer = experts[experts["layer_idx"] == LAYER]
fig, ax = plt.subplots(figsize=(10, 5))
ax.bar(layer["expert_id"], layer["percentage"])
ax.axhline(100 / len(layer), color="tab:gray", linestyle="--", linewidth=1, label="balanced")
ax.set(xlabel="Expert", ylabel="Share of the layer's choices (%)")
ax.set_title(f"Expert activations, layer {LAYER}")
ax.grid(True, axis="y")
ax.legend()
plt.show()
load = experts.groupby("layer_idx")["activation_count"]
pd.DataFrame({
    "experts": load.size(),
    "activated": load.apply(lambda counts: int((counts > 0).sum())),
    "smallest": load.min(),
    "largest": load.max(),
    # An expert without load has no ratio.
    "largest_over_smallest": load.max() / load.min().where(load.min() > 0),
    "deviation_over_mean": load.std() / load.mean(),
})
`,
  },
  {
    table: "moe_load_imbalance",
    title: "Expert balance over time",
    words: "The deviation of the experts' load over its mean, since the row before.",
    code: `
fig, ax = plt.subplots(figsize=(12, 4))
for layer, some in first_rank(rows).groupby("layer_idx"):
    ax.plot(some["timestamp_sec"], some["std_dev"] / some["mean_activations"], marker=".", label=layer)
ax.axhline(${expertDeviation.value}, color="tab:red", linestyle="--", linewidth=1)
ax.set(xlabel="Time (s)", ylabel="Deviation over mean", title="Expert balance by layer")
ax.grid(True)
ax.legend(title="layer", ncols=4)
plt.show()
`,
  },
  {
    table: "moe_expert_coselection",
    title: "Experts chosen together",
    words: "How many tokens chose each pair of experts of the first layer.",
    code: `
pairs = first_rank(rows)
pairs = pairs[pairs["layer_idx"] == pairs["layer_idx"].min()]
grid = pairs.pivot_table(
    index="expert_id_1", columns="expert_id_2", values="coselection_count", aggfunc="sum"
)
experts = range(pairs[["expert_id_1", "expert_id_2"]].max().max() + 1)
grid = grid.reindex(index=experts, columns=experts)
fig, ax = plt.subplots(figsize=(7, 6))
image = ax.imshow(grid, origin="lower", aspect="auto")
fig.colorbar(image, label="Tokens")
ax.set(xlabel="Expert", ylabel="Expert", title="Experts chosen together")
plt.show()
pairs.nlargest(10, "coselection_count")[["expert_id_1", "expert_id_2", "coselection_count"]]
`,
  },
];
