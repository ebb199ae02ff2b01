/** The driver of a sweep's engine, with a vLLM that is none: how shots are handed over. */

import assert from "node:assert/strict";
import { inFolder } from "../folders.ts";
import { python } from "./python.ts";

/** A driver whose engine notes the shots that it is given; what stands behind a round is handed over after it. */
const DRIVER = `
import dataclasses, json, os, sys, threading, types
import vscope_sweep.driver as driver

folder, rounds = sys.argv[1], json.loads(sys.argv[2])
fired = []

@dataclasses.dataclass
class EngineArgs:
    enforce_eager: bool = False

class LLM:
    def __init__(self, **arguments): pass
    def collective_rpc(self, name, args):
        if name == "vscope_prepare":
            return [json.dumps({"shots_per_session": 1})]
        fired.extend(shot["k"] for shot in args[0])
        return [json.dumps([{"k": "bad", "why": "it is bad", "fatal": True}] if "bad" in fired else [])]

def module(name, **values):
    made = types.ModuleType(name)
    made.__dict__.update(values)
    sys.modules[name] = made

module("vllm", LLM=LLM, __version__="0")
module("vllm.engine")
module("vllm.engine.arg_utils", EngineArgs=EngineArgs)
module("vllm.platforms", current_platform=types.SimpleNamespace(is_cpu=lambda: False))

# Hands the next round over when the one before is done, and ends the process when none is left.
def hand_over():
    with open(folder + "/shots.tmp", "w") as file:
        file.writelines(json.dumps({"k": key}) + "\\n" for key in rounds.pop(0))
    os.rename(folder + "/shots.tmp", folder + "/shots")

events = []
class Answers(driver.Answers):
    def say(self, event, **values):
        events.append(event)
        if event == "done" and rounds:
            hand_over()
        elif event == "done" and request["rounds"]:
            raise KeyboardInterrupt
driver.Answers = Answers
request = {
    "model": folder, "arguments": {"enforce_eager": True}, "worker": {}, "rounds": len(rounds) > 1,
    "answers": folder + "/answers", "shots": folder + "/shots",
}
json.dump(request, open(folder + "/request", "w"))
hand_over()
try: driver.main(folder + "/request")
except KeyboardInterrupt: pass
print(json.dumps([[event for event in events if event != "fired"], fired]))
`;

async function drive(...rounds: string[][]) {
  return await inFolder(async (folder) => {
    const ran = await python(DRIVER, {}, [folder, JSON.stringify(rounds)]);
    assert.equal(ran.code, 0, ran.stderr);
    return JSON.parse(ran.stdout);
  });
}

Deno.test("shots are handed over once, and the driver ends with them", async () => {
  assert.deepEqual(await drive(["a", "b", "c"]), [["ready", "done"], ["a", "b", "c"]]);
});

Deno.test("in rounds it waits for the next shots, until it is ended", async () => {
  assert.deepEqual(await drive(["a", "b"], ["c"], ["d"]), [
    ["ready", "done", "done", "done"],
    ["a", "b", "c", "d"],
  ]);
});

Deno.test("an engine that is not well is told of, and gets no further shots", async () => {
  assert.deepEqual(await drive(["a", "bad"], ["c"]), [["ready", "unwell"], ["a", "bad"]]);
});
