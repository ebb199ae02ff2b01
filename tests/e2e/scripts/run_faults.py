"""Requests to a tiny model while something bad happens to its session; prints the answers.

usage: run_faults.py MODEL FAULT

FAULT: `long` only takes some twenty seconds and fills a small disk; `remove` deletes the session's folder
between two rounds; `kill` kills the worker of rank 1 of two.
"""

import glob
import json
import os
import shutil
import signal
import sys
import time


def written(session, table):
    """Rows of a raw table that are on the disk, by process."""
    found = {}
    for path in glob.glob("%s/processes/*/%s.csv" % (session, table)):
        with open(path, encoding="utf-8") as file:
            found[path] = file.read().count("\n") - 1
    return found


def at_rest(session, table, processes):
    """Waits until that many processes have written all their rows of a table."""
    before, still, end = None, 0, time.monotonic() + 300
    while still < 20:
        if time.monotonic() > end:
            raise RuntimeError("%s is not written: %s" % (table, before))
        rows = written(session, table)
        whole = len(rows) == processes and min(rows.values()) >= 99
        still = still + 1 if whole and rows == before else 0
        before = rows
        time.sleep(0.1)


def rank_one(session):
    """The pid of the worker of rank 1, as its hooks tell it."""
    for path in glob.glob(session + "/processes/*/process.json"):
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        if record["rank"] == 1:
            return record["pid"]
    raise RuntimeError("no worker of rank 1 has said so")


if __name__ == "__main__":
    from vllm import LLM, SamplingParams

    model, fault = sys.argv[1:]
    session = os.environ["VSCOPE_SESSION_DIR"]
    llm = LLM(
        model=model,
        load_format="dummy",
        max_model_len=512,
        enforce_eager=True,
        dtype="bfloat16",
        max_num_seqs=8,
        seed=7,
        tensor_parallel_size=2 if fault == "kill" else 1,
    )
    prompts = [{"prompt_token_ids": list(range(3 + n, 40 + n))} for n in range(8)]
    sampling = SamplingParams(max_tokens=100, temperature=0, ignore_eos=True)
    rounds = []
    for turn in range(24 if fault == "long" else 2):
        if turn == 1 and fault == "remove":
            at_rest(session, "batch_utilization", 1)
            # The writer thread makes files again while they are removed.
            shutil.rmtree(session, ignore_errors=True)
            shutil.rmtree(session, ignore_errors=True)
        if turn == 1 and fault == "kill":
            at_rest(session, "forward_pass_timing", 2)
            os.kill(rank_one(session), signal.SIGKILL)
        answers = llm.generate(prompts, sampling)
        rounds.append([list(answer.outputs[0].token_ids) for answer in answers])
        if fault == "long":
            time.sleep(0.2)
    print("ANSWERS", json.dumps([len(rounds), all(each == rounds[0] for each in rounds)]), flush=True)
