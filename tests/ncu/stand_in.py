"""Stands in for ncu 2025.3.1 where there is no GPU: its options are those of the real one's help, its words
those that were recorded from the real one, or seen in public logs. It really runs its target, takes the
launches of a table as those of the target, and hands over what is left of the table.

usage: stand_in.py HOME ARGUMENTS-OF-NCU; HOME/mode.json tells how it behaves, HOME/calls.jsonl keeps
what it was called with. Variables would not reach it: vscope starts it under an allow-list.
"""

import csv
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time

HOME = sys.argv[1]
ARGV = sys.argv[2:]

SECTIONS = (
    "C2CLink ComputeWorkloadAnalysis InstructionStats LaunchStats MemoryWorkloadAnalysis "
    "MemoryWorkloadAnalysis_Chart MemoryWorkloadAnalysis_Tables Occupancy SchedulerStats SourceCounters "
    "SpeedOfLight SpeedOfLight_HierarchicalHalfRooflineChart SpeedOfLight_HierarchicalSingleRooflineChart "
    "SpeedOfLight_HierarchicalTensorRooflineChart SpeedOfLight_RooflineChart WarpStateStats"
).replace(" ", "|")

# Options of `ncu --help` that vscope may use, with the values that they take; None: it takes none.
OPTIONS = {
    "export": r"/.+",
    "force-overwrite": None,
    "target-processes": r"application-only|all",
    "replay-mode": r"kernel",
    "graph-profiling": r"node|graph",
    "cache-control": r"all|none",
    "clock-control": r"base|none",
    "filter-mode": r"global|per-gpu|per-launch-config",
    "profile-from-start": r"on|off|yes|no",
    "check-exit-code": r"on|off|yes|no",
    "kernel-name-base": r"function|demangled|mangled",
    "kernel-name": r"regex:.+",
    "launch-skip": r"\d+",
    "launch-count": r"\d+",
    "set": r"basic|detailed|full|nvlink|pmsampling|roofline",
    "section": SECTIONS,
    "metrics": r"[\w.]+(,[\w.]+)*",
}
PERMISSION = (
    "ERR_NVGPUCTRPERM - The user does not have permission to access NVIDIA GPU Performance Counters on the "
    "target device 0. For instructions on enabling permissions and to get more information see "
    "https://developer.nvidia.com/ERR_NVGPUCTRPERM"
)
TROUBLES = {
    "permission": PERMISSION,
    "busy": "Profiling failed because a driver resource was unavailable. Ensure that no other tool (like "
    "DCGM) is concurrently collecting profiling data.",
    "unsupported": "Profiling is not supported on device 0. To find out supported GPUs refer --list-chips "
    "option.",
    "strange": "Failed to profile kernel in process: the moon is full",
}


def mode(name, default=None):
    try:
        with open(HOME + "/mode.json") as handle:
            return json.load(handle).get(name, default)
    except FileNotFoundError:
        return default


def say(text, end="\n"):
    print(text, end=end, flush=True)


def fail(text, code=1):
    say("==ERROR== " + text)
    sys.exit(code)


def options(words):
    """Options up to the first word that is none, and what follows them."""
    found, place = {"section": []}, 0
    while place < len(words) and words[place].startswith("-"):
        name = words[place][2:]
        if not words[place].startswith("--") or name not in OPTIONS or name in mode("unknown", []):
            say("==ERROR== unrecognised option '%s'. Use --help for further details." % words[place])
            sys.exit(1)
        if OPTIONS[name] is None:
            found[name] = True
            place += 1
            continue
        value = words[place + 1] if place + 1 < len(words) else ""
        if not re.fullmatch(OPTIONS[name], value, re.S):
            fail("the argument ('%s') for option '--%s' is invalid." % (value, name))
        if name == "section":
            found[name].append(value)
        else:
            found[name] = value
        place += 2
    return found, words[place:]


def table():
    """The records of the table, the head and the units ahead of them."""
    with gzip.open(HOME + "/raw.csv.gz", "rt", newline="") as handle:
        return list(csv.reader(handle))


def short(name):
    function = re.sub(r"^void ", "", name).partition("<")[0].partition("(")[0].rpartition("::")[2]
    return function if len(function) <= 32 else function[:29] + "..."


class Run:
    def __init__(self, words):
        self.asked, self.target = options(words)
        if not self.target:
            fail("No target application was specified.")
        self.range_path = "%s/sessions/%d/range" % (HOME, os.getpid())
        os.makedirs(os.path.dirname(self.range_path))
        self.from_start = self.asked.get("profile-from-start", "on") in ("on", "yes")
        self.launches = table()[2:]
        self.column = table()[0].index("Kernel Name")
        self.matched = 0
        self.measured = []
        self.trouble = next((TROUBLES[name] for name in TROUBLES if mode(name)), None)
        self.told_trouble = False

    def run(self):
        if mode("dies") == "at start":
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.asked["clock-control"] == "none":
            say("==WARNING== Note: Running with unmodified GPU clocks. If not controlled otherwise, "
                "profiling results may be inconsistent.")
        # torch.cuda.profiler of the tests writes there what it would tell the driver.
        env = dict(os.environ, STAND_IN_CUDA_RANGE=self.range_path, NV_COMPUTE_PROFILER_PERFWORKS_DIR="/x")
        self.process = subprocess.Popen(self.target, env=env)
        say("==PROF== Connected to process %d (/usr/bin/python3.12)" % self.process.pid)
        waiting = list(enumerate(self.launches))
        ran = []
        ended = False
        while not ended:
            ended = self.process.poll() is not None
            # A target of the tests answers at once: what it would launch is launched, unless it is slow.
            while waiting and self.in_range(to_the_end=not mode("slow")):
                place, launch = waiting.pop(0)
                ran.append(launch[self.column])
                self.launch(place, launch[self.column])
            time.sleep(0.03)
        say("==PROF== Disconnected from process %d" % self.process.pid)
        self.farewell(ran)

    def in_range(self, to_the_end):
        if self.from_start:
            return True
        try:
            with open(self.range_path) as handle:
                told = handle.read()
        except FileNotFoundError:
            return False
        return "start" in told and (to_the_end or "stop" not in told)

    def launch(self, place, name):
        chosen = self.asked.get("kernel-name", "regex:")[6:]
        base = name if self.asked.get("kernel-name-base") == "demangled" else short(name)
        if not re.search(chosen, base):
            return
        self.matched += 1
        if self.matched <= int(self.asked.get("launch-skip", 0)):
            return
        if len(self.measured) >= int(self.asked.get("launch-count", 10**9)):
            return
        if self.asked["clock-control"] == "base" and mode("clocks") is False:
            fail("Failed to lock GPU clock frequencies.", 9)
        if self.trouble:
            if not self.told_trouble:
                say("==ERROR== " + self.trouble)
            self.told_trouble = True
            return
        say('==PROF== Profiling "%s" - %d: ' % (short(name), len(self.measured)), end="")
        time.sleep(mode("seconds a launch", 0.01))
        # What the target prints at that moment stands in the same line.
        say("0%....50%....100% - 23 passes")
        self.measured.append(place)

    def farewell(self, ran):
        if mode("dies") == "at stop":
            os.kill(os.getpid(), signal.SIGSEGV)
        while mode("hangs"):
            time.sleep(1)
        if not self.measured:
            say("==WARNING== No kernels were profiled.")
            if ran:
                say("Available Kernels:")
                for number, name in enumerate(sorted(set(map(short, ran)))):
                    say("%d. %s" % (number + 1, name))
        elif mode("full"):
            say("==ERROR== Failed to write the report: No space left on device")
        else:
            report = self.asked["export"] + ".ncu-rep"
            held = {"measured": self.measured, "environment": {}, "hidden": {}}
            if mode("stores environments"):
                held[mode("stores environments")] = dict(os.environ, **environment_of_neighbours())
            # A packed part, which only the program itself can read.
            held["hidden"] = gzip.compress(json.dumps(held["hidden"]).encode()).hex()
            with open(report, "w") as handle:
                json.dump(held, handle)
            say("==PROF== Report: " + report)
        code = self.process.returncode
        if code and self.asked.get("check-exit-code", "yes") in ("on", "yes"):
            say("==ERROR== The application returned an error code (%d)." % code)
            sys.exit(code if code > 0 else 1)


def environment_of_neighbours():
    found = {}
    for name in os.listdir("/proc"):
        try:
            with open("/proc/%s/environ" % name, "rb") as handle:
                text = handle.read().decode("utf-8", "replace")
        except OSError:
            continue
        if "VSCOPE_PLANTED" in text:
            found["neighbour %s" % name] = text
    return found


def load(report):
    try:
        with open(report) as handle:
            held = json.load(handle)
    except (OSError, ValueError):
        say("==ERROR== Could not open report file '%s'." % report)
        fail("The file does not exist or is not a regular file.")
    held["hidden"] = json.loads(gzip.decompress(bytes.fromhex(held["hidden"])))
    return held


def print_table(report):
    if mode("import fails"):
        fail(mode("import fails"))
    while mode("import hangs"):
        time.sleep(1)
    if mode("import empty"):
        return
    rows = table()
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows(rows[:2] + [rows[2 + place] for place in load(report)["measured"]])
    text = out.getvalue()
    say(text[: len(text) // 3] if mode("import cut") else text, end="")


def print_session(report):
    say("[4518] python3.12@127.0.0.1\n  Launch Settings\n    Environment")
    for name, value in load(report)["hidden"].items():
        say("      %s=%s" % (name, value))


def main():
    with open(HOME + "/calls.jsonl", "a") as handle:
        handle.write(json.dumps({"argv": ARGV, "env": dict(os.environ)}) + "\n")
    if ARGV == ["--version"]:
        say("NVIDIA (R) Nsight Compute Command Line Profiler")
        say("Copyright (c) 2018-2025 NVIDIA Corporation")
        say("Version 2025.3.1.0 (build 36398880) (public-release)")
    elif ARGV[0] == "--import" and ARGV[2:] == ["--csv", "--page", "raw"]:
        print_table(ARGV[1])
    elif ARGV[0] == "--import" and ARGV[2:] == ["--page", "session"]:
        print_session(ARGV[1])
    elif ARGV[0] == "--import":
        fail("Invalid option %s specified for --import" % ARGV[2])
    else:
        Run(ARGV).run()


main()
