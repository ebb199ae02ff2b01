/**
 * The tables of a sweep, as LLMServingSim reads them. More columns may trail.
 *
 * @module
 */

/** A table's columns. */
export interface SweepTable {
  /** Columns that name a row, in their order. */
  readonly key: readonly string[];
  /** Columns between the key and the times. */
  readonly other: readonly string[];
  /** Times in µs. */
  readonly times: readonly string[];
  /** The whole header, in its order. */
  readonly columns: readonly string[];
}

function table(key: readonly string[]): SweepTable {
  return { key, other: [], times: ["time_us"], columns: [...key, "time_us"] };
}

/** Tables by name: `<name>.csv`. The bucket table of the fit is not among them. */
export const SWEEP_TABLES = {
  dense: table(["layer", "tokens"]),
  per_sequence: table(["layer", "sequences"]),
  attention: table(["prefill_chunk", "kv_prefill", "n_decode", "kv_decode"]),
  moe: table(["tokens", "activated_experts"]),
  skew: {
    key: ["n", "nb", "skew", "pc", "kp", "kvs"],
    other: ["ratio", "kv_big", "kv_mean"],
    times: ["t_mean_us", "t_max_us", "t_skew_us"],
    columns: "regime,n,nb,ratio,skew,pc,kp,kvs,kv_big,kv_mean,t_mean_us,t_max_us,t_skew_us,alpha"
      .split(","),
  },
} as const satisfies Readonly<Record<string, SweepTable>>;

/** Name of a table. */
export type TableName = keyof typeof SWEEP_TABLES;

/** Names of the tables. */
export const TABLE_NAMES = Object.keys(SWEEP_TABLES) as TableName[];
