import assert from "node:assert/strict";
import { chooseSession, parseSessions } from "../../kit/engine/nsys/sessions.ts";
import { generatedIn, NsysTalk } from "../../kit/engine/nsys/talk.ts";
import { fc } from "../deps.ts";

/** As nsys 2025.3.1 printed it. */
const LISTED = `              ID         TIME                                      STATE LAUNCH NAME
          106959        00:05                                 Collection      1 vscope-abc
          106970     01:00:05                         Delayed Collection      0 profile-7 of mine
`;

const session = (name: string) => ({ id: "1", time: "00:05", state: "Collection", name });

Deno.test("sessions are read with and without the header, and any text gives a list", () => {
  assert.deepEqual(parseSessions(LISTED), [
    { id: "106959", time: "00:05", state: "Collection", name: "vscope-abc" },
    { id: "106970", time: "01:00:05", state: "Delayed Collection", name: "profile-7 of mine" },
  ]);
  assert.equal(parseSessions(LISTED.split("\n").slice(1).join("\n")).length, 2);
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseSessions(text))));
});

Deno.test("the session that is meant: named, the only one, the only one of vscope's", () => {
  const [own, other] = [session("vscope-1"), { ...session("profile-2"), id: "22" }];
  assert.equal(chooseSession([other], undefined), other);
  assert.equal(chooseSession([own, other], undefined), own);
  assert.equal(chooseSession([own, other], "22"), other);
  assert.equal(chooseSession([own, other], "profile-2"), other);
  assert.throws(() => chooseSession([], undefined), /nsys has no session here/);
  assert.throws(() => chooseSession([own], "x"), /no session "x"; there are vscope-1 \(Coll/);
  assert.throws(
    () => chooseSession([own, session("vscope-2")], undefined),
    /several sessions; name one of vscope-1 .*, vscope-2/,
  );
});

Deno.test("what nsys says is told from what its target prints", () => {
  const talk = new NsysTalk();
  for (
    const line of [
      "INFO Capture range started by a user",
      "Capture range started in the application.",
      "Capture range ended in the application.",
      "Generating '/tmp/nsys-report-ac8d.qdstrm'",
      "[1/1] [0%   ] rep.nsys-rep\r[1/1] [=====100%] rep.nsys-rep",
    ]
  ) talk.hear(line);
  assert.deepEqual([talk.rangeBegan, talk.rangeEnded, talk.generating], [true, true, true]);
  assert.match(talk.tail(1), /^ {2}\[1\/1\] \[=====100%\] rep\.nsys-rep$/);
  talk.hear("\tNo reports were generated");
  assert.ok(talk.empty);
  assert.deepEqual(generatedIn(["x.sqlite", "Generated:", "\t/a b/rep.nsys-rep", "\t/r.sqlite"]), [
    "/a b/rep.nsys-rep",
    "/r.sqlite",
  ]);
  assert.deepEqual(generatedIn(["Generated:", "\tNo reports were generated"]), []);
});
