import assert from "node:assert/strict";
import type { Option, Values } from "../../kit/contract/option.ts";
import { flagOf } from "../../kit/contract/option.ts";
import * as kinds from "../../kit/contract/options.ts";
import { fc } from "../deps.ts";

const options = {
  count: kinds.integer({ doc: "d", default: 3, min: 1, max: 9 }),
  share: kinds.number({ doc: "d" }),
  grace: kinds.duration({ doc: "d", default: 30 }),
  room: kinds.bytes({ doc: "d", default: 4096 }),
  loud: kinds.boolean({ doc: "d", default: true }),
  note: kinds.text({ doc: "d" }),
  kind: kinds.choice({ doc: "d", choices: ["a", "b"], default: "a" }),
  degrees: kinds.list({ doc: "d", of: kinds.integer({ doc: "d", min: 1 }), default: [1, 2, 4] }),
};

function reads<T>(option: Option<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, (value) => assert.deepEqual(option.parse(option.format(value)), value)),
  );
}

Deno.test("every kind of option reads back what it writes", () => {
  reads(kinds.integer({ doc: "d", default: 0 }), fc.integer());
  reads(
    kinds.number({ doc: "d", default: 0 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  );
  reads(kinds.duration({ doc: "d", default: 0 }), fc.integer({ min: 0, max: 1e6 }));
  reads(kinds.bytes({ doc: "d", default: 0 }), fc.integer({ min: 0, max: 2 ** 45 }));
  reads(kinds.boolean({ doc: "d", default: false }), fc.boolean());
  reads(
    kinds.text({ doc: "d", default: "x" }),
    fc.string({ minLength: 1 }).filter((x) => !x.includes("\0")),
  );
  reads(
    kinds.choice({ doc: "d", choices: ["x", "y"], default: "x" }),
    fc.constantFrom("x" as const, "y" as const),
  );
  reads(
    kinds.list({ doc: "d", of: kinds.integer({ doc: "d" }), default: [1] }) as Option<
      readonly number[]
    >,
    fc.array(fc.integer(), { minLength: 1 }),
  );
});

Deno.test("a text that an option cannot read is refused with what is wanted, never otherwise", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom(...Object.values(options)), (text, option) => {
    try {
      (option as Option<unknown>).parse(text);
    } catch (error) {
      assert.ok(error instanceof RangeError && error.message.length > 2);
    }
  }));
});

Deno.test("durations and sizes are read as people write them", () => {
  const seconds = ["30", "30s", "5m", "1h", "250ms", "1.5m"].map((text) =>
    options.grace.parse(text)
  );
  assert.deepEqual(seconds, [30, 30, 300, 3600, 0.25, 90]);
  const sizes = ["4096", "64MiB", "2GB", "1 KiB"].map((text) => options.room.parse(text));
  assert.deepEqual(sizes, [4096, 64 * 2 ** 20, 2e9, 1024]);
});

Deno.test("shares are read as percentages too, and other numbers are not", () => {
  const share = kinds.number({ doc: "d", min: 0, max: 1 });
  const percent = kinds.number({ doc: "d", min: 0, max: 100, unit: "%" });
  assert.deepEqual(["0.02", "2%", "2.5%"].map((text) => share.parse(text)), [0.02, 0.02, 0.025]);
  assert.deepEqual(["3", "3%", ".5%"].map((text) => percent.parse(text)), [3, 3, 0.5]);
  assert.throws(() => share.parse("200%"), new RangeError("a number from 0 to 1"));
  assert.throws(() => percent.parse("%"), new RangeError("a number from 0 to 100"));
  assert.throws(() => options.share.parse("3%"), new RangeError("a number"));
});

Deno.test("bounds are named where they are broken", () => {
  assert.throws(() => options.count.parse("10"), new RangeError("a whole number from 1 to 9"));
  assert.throws(() => options.count.parse("2.5"), new RangeError("a whole number from 1 to 9"));
});

Deno.test("an option's name becomes a flag", () => {
  assert.equal(flagOf("maxNumBatchedTokens"), "max-num-batched-tokens");
});

Deno.test("values are typed by their declarations", () => {
  const values = {} as Values<typeof options>;
  const check = () => {
    const count: number = values.count;
    const share: number | undefined = values.share;
    const kind: "a" | "b" = values.kind;
    const degrees: readonly number[] = values.degrees;
    // @ts-expect-error a misspelt option is no option
    values.cuont;
    // @ts-expect-error without a default the value may be missing
    const sure: number = values.share;
    return [count, share, kind, degrees, sure];
  };
  assert.equal(typeof check, "function");
});
