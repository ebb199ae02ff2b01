/** The short way to take a record apart, against a full CSV reader. */

import assert from "node:assert/strict";
import { quotedCells } from "../../../kit/analysis/ncu/quoted_cells.ts";
import { loadCsv } from "../../../kit/deps.ts";
import { fc } from "../../deps.ts";
import { record } from "./table.ts";

const count = (text: string) => text.split('"').length - 1;

Deno.test("records in quotes are taken apart as a CSV reader does, or not at all", async () => {
  const papa = await loadCsv();
  const cell = fc.array(fc.constantFrom("a", "1", ",", '"', " ", ".", ";", "ü"), { maxLength: 5 })
    .map((letters) => letters.join(""));
  let taken = 0;
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 6 }), (cells) => {
      const text = record(cells);
      const found = quotedCells(text, count(text));
      if (found === undefined) return;
      taken++;
      assert.deepEqual(found, cells);
      const [row] = papa.parse(text, { delimiter: ",", skipEmptyLines: false }).data;
      assert.deepEqual(found, row);
    }),
    { numRuns: 2000 },
  );
  assert.ok(taken > 300);
  assert.equal(quotedCells("1,2", 0), undefined);
  assert.equal(quotedCells('"', 1), undefined);
});
