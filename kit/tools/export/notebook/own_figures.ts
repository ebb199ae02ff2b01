/**
 * What the notebook shows of tables by the user's own profilers: their numbers over time.
 *
 * @module
 */

import type { SourceTable } from "../session_source.ts";
import { pythonText } from "./document.ts";
import type { Figure } from "./figures.ts";

/** A part for each table that says what its columns are. */
export function ownFigures(tables: readonly SourceTable[]): Figure<string>[] {
  return tables.flatMap(({ name, known, columns }) => {
    if (!columns) return [];
    const numbers = columns
      .slice(1, -3)
      .filter(({ type }) => type === "integer" || type === "number")
      .map((column) => {
        const label = column.unit === undefined ? column.name : `${column.name} (${column.unit})`;
        return `${pythonText(column.name)}: ${pythonText(label)}`;
      });
    const code = numbers.length === 0 ? 'rows.describe(include="all")' : `
labels = {${numbers.join(", ")}}
fig, axes = plt.subplots(len(labels), 1, figsize=(12, 3 * len(labels)), sharex=True, squeeze=False)
for ax, (column, label) in zip(axes[:, 0], labels.items()):
    for pid, process in rows.groupby("pid"):
        ax.plot(process["timestamp_sec"], process[column], ".", markersize=3, label=f"process {pid}")
    ax.set(ylabel=label)
    ax.grid(True)
axes[0, 0].legend()
axes[-1, 0].set(xlabel="Time (s)")
plt.show()
rows[list(labels)].describe(percentiles=[0.5, 0.95, 0.99])
`;
    return [{ table: name, title: name, words: `Each row: ${known?.row ?? name}.`, code }];
  });
}
