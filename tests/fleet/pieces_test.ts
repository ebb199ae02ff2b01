/** Results that come through a log: whatever happens to it, what is taken in is what was sent. */

import assert from "node:assert/strict";
import {
  type Piece,
  PIECE_LENGTH,
  pieceLine,
  piecesOf,
  readPieces,
  received,
} from "../../kit/fleet/pieces.ts";
import { fc } from "../deps.ts";

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  // Longer than a piece, with pairs of surrogates everywhere.
  fc.nat(3 * PIECE_LENGTH).map((length) => "a" + "🙂b\n".repeat(length / 4)),
);

/** Lines as a job prints them. */
function logOf(journal: readonly string[], end: string): { pieces: Piece[]; lines: string[] } {
  const pieces: Piece[] = [];
  for (const text of journal) pieces.push(...piecesOf("journal", text, pieces.length));
  pieces.push(...piecesOf("end", end, pieces.length));
  return { pieces, lines: pieces.map(pieceLine) };
}

Deno.test("a journal that was cut into pieces is whole again, whatever stands between them", () => {
  fc.assert(
    fc.property(
      fc.array(texts, { maxLength: 5 }),
      fc.array(fc.string(), { maxLength: 5 }),
      (journal, noise) => {
        const { lines } = logOf(journal, '{"status":"complete"}');
        const log = lines.flatMap((line, place) => [noise[place] ?? "", line]).join("\n");
        const { journal: text, end, missing } = received(readPieces(log));
        assert.equal(text, journal.join(""));
        assert.deepEqual(end, { status: "complete" });
        assert.equal(missing, 0);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a line of a piece is bounded, whatever its text is", () => {
  fc.assert(fc.property(texts, (text) => {
    for (const piece of piecesOf("journal", text, 0)) {
      assert.ok(piece.text.length <= PIECE_LENGTH);
      assert.ok(pieceLine(piece).length < 65_536);
    }
  }));
  // What cannot be compressed.
  const text = Array.from(
    { length: PIECE_LENGTH },
    (_, n) => String.fromCharCode(0x3000 + (n * 7919) % 20_000),
  ).join("");
  const [piece] = piecesOf("journal", text, 123_456_789);
  assert.ok(pieceLine(piece!).length < 65_536);
  assert.equal(readPieces(pieceLine(piece!)).get(123_456_789)!.text, text);
});

Deno.test("pieces in another order, twice, or from several looks at a log are taken in once", () => {
  fc.assert(
    fc.property(
      fc.array(texts, { minLength: 1, maxLength: 4 }).chain((journal) => {
        const { lines } = logOf(journal, "{}");
        return fc.tuple(
          fc.constant(journal.join("")),
          fc.shuffledSubarray(lines, { minLength: lines.length }),
          fc.array(fc.constantFrom(...lines), { maxLength: 5 }),
        );
      }),
      ([journal, lines, again]) => {
        assert.equal(received(readPieces([...lines, ...again].join("\n"))).journal, journal);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("a damaged log never throws, and never gives a piece that was not sent", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 200 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { minLength: 1, maxLength: 8 }),
      (journal, damages) => {
        const { pieces, lines } = logOf(journal, '{"a":1}');
        let log = lines.join("\n");
        for (const [at, text] of damages) {
          const place = at % (log.length + 1);
          log = log.slice(0, place) + text + log.slice(place + text.length);
        }
        const sent = new Set(pieces.map(pieceLine));
        for (const piece of readPieces(log).values()) assert.ok(sent.has(pieceLine(piece)));
        received(readPieces(log));
      },
    ),
  );
  fc.assert(fc.property(fc.string(), (log) => void received(readPieces(log))));
  fc.assert(fc.property(fc.base64String(), (packed) => {
    assert.equal(readPieces(`vscope-piece 0 journal 00000000 ${packed}`).size, 0);
  }));
});

Deno.test("what is missing is counted, and a document with a hole is none", () => {
  const long = JSON.stringify({ notes: ["x".repeat(2 * PIECE_LENGTH)] });
  const { lines } = logOf(["one\n", "two\n", "three\n"], long);
  const without = (place: number) =>
    received(readPieces(lines.filter((_, n) => n !== place).join("\n")));
  const { journal, missing, end } = without(1);
  assert.deepEqual([journal, missing, end !== undefined], ["one\n\nthree\n", 1, true]);
  for (const place of [3, 4, 5]) assert.equal(without(place).end, undefined);
});
