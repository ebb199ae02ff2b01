/**
 * The published schemas of a sweep's tables, `docs/schemas/sweep/`: the columns are those that are written,
 * what each holds is said here.
 *
 * @module
 */

import type { ColumnType } from "../../kit/bundle/session/session_columns.ts";
import { SKEW_FIT_COLUMNS } from "../../kit/sweep/fit/skew_fit_csv.ts";
import { SKEW_TRAILING, TRAILING } from "../../kit/sweep/measure/tables.ts";
import { SWEEP_TABLES } from "../../kit/sweep/sweep_tables.ts";
import { VALIDATION_COLUMNS } from "../../kit/sweep/validation/validate.ts";
import { type TableSchema, tableSchema } from "./table_schema.ts";

/** Where they are published, below the checkout. */
const FOLDER = "docs/schemas/sweep";

const TABLES: Readonly<
  Record<string, { row: string; layout: readonly string[]; added: string[] }>
> = {
  dense: {
    row: "a layer at a number of tokens; what is the same at every TP degree is measured at 1",
    layout: SWEEP_TABLES.dense.columns,
    added: TRAILING,
  },
  per_sequence: {
    row: "a layer that works once for each sequence",
    layout: SWEEP_TABLES.per_sequence.columns,
    added: TRAILING,
  },
  attention: {
    row:
      "a batch: one chunk of a prefill, and decodes of one length; a model with several kinds of " +
      "attention has a column `<kind>_us` for each behind these",
    layout: SWEEP_TABLES.attention.columns,
    added: TRAILING,
  },
  moe: {
    row: "a block of experts; in tp1 alone",
    layout: SWEEP_TABLES.moe.columns,
    added: TRAILING,
  },
  skew: {
    row:
      "a batch whose decodes have two lengths, and the same number of the mean and of the longer",
    layout: SWEEP_TABLES.skew.columns,
    added: SKEW_TRAILING,
  },
  skew_fit: {
    row: "a bucket of such batches, with the alpha that fits them",
    layout: SKEW_FIT_COLUMNS,
    added: [],
  },
  validation: {
    row: "a batch that no table holds, measured, and predicted from the tables",
    layout: VALIDATION_COLUMNS.split(","),
    added: [],
  },
};

type Known = readonly [ColumnType, string | undefined, string];

const TIME = (what: string): Known => ["number", "µs", what];
const TOKENS = (what: string): Known => ["integer", "tokens", what];
const LABEL = (what: string): Known => ["text", undefined, what];

const COLUMNS: Readonly<Record<string, Known>> = {
  layer: LABEL("name in the architecture's catalog"),
  tokens: TOKENS("tokens of the batch"),
  sequences: ["integer", "sequences", "sequences of the batch"],
  prefill_chunk: TOKENS("new tokens of the prefill; 0 where there is none"),
  kv_prefill: TOKENS("history of the prefill"),
  n_decode: ["integer", "requests", "decodes"],
  kv_decode: TOKENS("history of each decode"),
  activated_experts: ["integer", "experts", "experts that any token goes to"],
  time_us: TIME("median of the timed runs"),
  spread_us: TIME("longest less shortest of them"),
  samples: ["integer", "runs", "timed runs"],
  regime: LABEL("pure: decodes alone; mixed: beside a prefill"),
  n: ["integer", "requests", "decodes"],
  nb: ["integer", "requests", "decodes with the longer history"],
  ratio: ["number", undefined, "nb over n"],
  skew: ["number", undefined, "longer history over the shorter one"],
  pc: TOKENS("new tokens of the prefill"),
  kp: TOKENS("history of the prefill"),
  kvs: TOKENS("the shorter history"),
  kv_big: TOKENS("the longer history"),
  kv_mean: TOKENS("mean history"),
  t_mean_us: TIME("all decodes with the mean history"),
  t_max_us: TIME("all decodes with the longer history"),
  t_skew_us: TIME("decodes of both lengths"),
  alpha: [
    "number",
    undefined,
    "where t_skew lies between t_mean (0) and t_max (1); empty in noise",
  ],
  t_mean_spread_us: TIME("longest less shortest run of t_mean_us"),
  t_max_spread_us: TIME("longest less shortest run of t_max_us"),
  t_skew_spread_us: TIME("longest less shortest run of t_skew_us"),
  n_label: LABEL("bucket of n"),
  skew_rate_label: LABEL("bucket of (kv_mean - kvs) over (kv_big - kvs)"),
  kv_big_label: LABEL("bucket of kv_big"),
  kp_label: LABEL("bucket of kp"),
  n_samples: ["integer", "rows", "rows of skew.csv that it is made from"],
  class: LABEL("kind of batch"),
  shape: LABEL("requests x new tokens + history, for each group"),
  experts: ["integer", "experts", "forced experts; empty for a model without"],
  measured_us: TIME("as measured"),
  predicted_us: TIME("as the tables have it"),
  extrapolated: ["boolean", undefined, "outside what the tables hold"],
};

/** The published files, by path below the checkout. */
export function sweepSchemaFiles(): Record<string, TableSchema> {
  return Object.fromEntries(
    Object.entries(TABLES).map(([name, { row, layout, added }]) => {
      const columns = [...layout, ...added].map((column) => {
        const [type, unit, doc] = COLUMNS[column]!;
        return { name: column, type, unit, doc };
      });
      const schema = tableSchema(`${name}@1`, `tp<N>/${name}.csv`, row, columns);
      return [`${FOLDER}/${name}@1.json`, schema];
    }),
  );
}

/** The tables, column by column, as Markdown. */
export function sweepTablesPage(): string {
  return Object.entries(sweepSchemaFiles()).map(([, { path, description, name, fields }]) => {
    const layout = TABLES[name.replace(/@.*/, "")]!.layout.length;
    return [
      `### \`${path}\``,
      "",
      `${description}. Schema \`${name}\`.`,
      "",
      "| column | type | unit | holds |",
      "|---|---|---|---|",
      ...fields.map(({ name, type, unit, description }, place) =>
        `| \`${name}\`${place >= layout ? " +" : ""} | ${type} | ${unit ?? ""} | ${description} |`
      ),
    ].join("\n");
  }).join("\n\n");
}
