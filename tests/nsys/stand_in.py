"""Stands in for nsys 2025.3.1 where there is no GPU: its command line, words and exit codes are those
that were recorded from the real one. It really runs its target, and hands over a real export.

usage: stand_in.py HOME ARGUMENTS-OF-NSYS; HOME/mode.json tells how it behaves, HOME/calls.jsonl keeps
what it was called with. Variables would not reach it: vscope starts it under an allow-list.
"""

import gzip
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

HOME = sys.argv[1]
ARGV = sys.argv[2:]

# Options of `nsys profile --help` that vscope may use, with the values that they take.
PROFILE = {
    "session-new": r"[A-Za-z][\x20-\x7e]*",
    "output": r"/.+",
    "trace": r"(cuda|nvtx|osrt|cublas|cudnn)(,(cuda|nvtx|osrt|cublas|cudnn))*",
    "sample": r"process-tree|system-wide|none",
    "cpuctxsw": r"process-tree|system-wide|none",
    "trace-fork-before-exec": r"true|false",
    "cuda-graph-trace": r"graph|node",
    "capture-range": r"none|cudaProfilerApi|nvtx|hotkey",
    "capture-range-end": r"none|stop|stop-shutdown|repeat(:\d+)?|repeat-shutdown:\d+",
    "delay": r"\d+",
    "duration": r"\d+",
    "kill": r"none|sigkill|sigterm|\d+",
    "wait": r"primary|all",
}
EXPORT = {"type": r"sqlite", "output": r"/.+", "force-overwrite": r"true|false"}


def mode(name, default=None):
    try:
        with open(HOME + "/mode.json") as handle:
            return json.load(handle).get(name, default)
    except FileNotFoundError:
        return default


def say(text):
    print(text, flush=True)


def options(known, words):
    """Options up to the first word that is none, and what follows them."""
    found = {}
    for place, word in enumerate(words):
        if not word.startswith("-"):
            return found, words[place:]
        name, _, value = word[2:].partition("=")
        if not word.startswith("--") or name not in known or name in mode("unknown", []):
            say("unrecognised option '%s'\n" % word.partition("=")[0])
            say("usage: nsys profile [<args>] [application] [<application args>]")
            sys.exit(1)
        if not re.fullmatch(known[name], value):
            say("Illegal --%s argument (%s)." % (name, value))
            sys.exit(1)
        found[name] = value
    return found, []


def environment_of(pid):
    try:
        with open("/proc/%s/environ" % pid, "rb") as handle:
            return handle.read().decode("utf-8", "replace").rstrip("\0")
    except OSError:
        return ""


def family(caller):
    """A process, and all that it and its children have started."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as handle:
                parent = int(handle.read().rpartition(") ")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    found = [caller]
    for pid in found:
        found += children.get(pid, [])
    return found


class Session:
    def __init__(self, words):
        self.caller = os.getppid()
        self.asked, self.target = options(PROFILE, words)
        if not self.target:
            sys.exit("No application was given.")
        self.name = self.asked.get("session-new", "profile-%d" % os.getpid())
        self.folder = HOME + "/sessions/" + self.name
        self.range = self.asked.get("capture-range") == "cudaProfilerApi"
        self.state = "waiting"
        self.written = []
        self.killed = False
        self.interrupted = False

    def run(self):
        if mode("dies") == "at start":
            os.kill(os.getpid(), signal.SIGSEGV)
        os.makedirs(self.folder)
        signal.signal(signal.SIGINT, self.interrupt)
        self.save()
        # torch.cuda.profiler of the tests writes there what it would tell the driver.
        env = dict(os.environ, STAND_IN_CUDA_RANGE=self.folder + "/range", LD_PRELOAD="")
        self.process = subprocess.Popen(self.target, env=env, preexec_fn=os.setpgrp)
        begun = time.monotonic()
        delay = int(self.asked.get("delay", 0))
        duration = int(self.asked.get("duration", 0))
        while self.process.poll() is None:
            time.sleep(0.03)
            passed = time.monotonic() - begun
            if self.range:
                self.follow_range()
            elif self.state == "waiting" and passed >= delay:
                self.collect()
            if self.state == "collecting" and duration and passed >= delay + duration:
                self.generate()
                self.kill()
            if os.path.exists(self.folder + "/stop"):
                if self.state == "collecting":
                    self.generate()
                self.state = "stopped"
                # What `stop` waits for: it outlives the session's folder, and holds all when it appears.
                with open(self.folder + "/stop", "w") as handle:
                    json.dump(self.written, handle)
                os.rename(self.folder + "/stop", stopped(self.name))
                self.kill()
        if self.range:
            self.follow_range()
        if self.state == "collecting":
            self.generate()
        self.farewell()

    def collect(self):
        self.state = "collecting"
        # Who hears of it may look at once.
        self.save()
        if not self.range:
            say("Collecting data...")

    def follow_range(self):
        try:
            with open(self.folder + "/range") as handle:
                told = handle.read()
        except FileNotFoundError:
            return
        if self.state == "waiting" and "start" in told:
            say("Capture range started in the application.")
            self.collect()
        if self.state == "collecting" and "stop" in told:
            say("Capture range ended in the application.")
            self.generate()

    def kill(self):
        if self.asked.get("kill", "sigterm") != "sigterm":
            return
        # Somebody who was told that it generates may have been quicker.
        self.killed = True
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)

    def interrupt(self, *_):
        self.interrupted = True
        self.process.send_signal(signal.SIGINT)

    def generate(self):
        self.state = "generated"
        say("Generating '/tmp/nsys-report-850a.qdstrm'")
        if mode("dies") == "at stop":
            os.kill(os.getpid(), signal.SIGSEGV)
        while mode("hangs"):
            time.sleep(1)
        report = self.asked["output"] + ".nsys-rep"
        if mode("full"):
            say("Importer error status: write failed: No space left on device")
            return
        if mode("importer") is False:
            report = self.asked["output"] + ".qdstrm"
        say("[1/1] [0%                          ] rep.nsys-rep\r[1/1] [====100%] rep.nsys-rep")
        with open(report, "w") as handle:
            json.dump(self.recorded(), handle, ensure_ascii=False)
        self.written.append(report)
        self.save()

    def recorded(self):
        """What a report holds besides the figures: environments, those of other processes too."""
        found = {"own": dict(os.environ), "argv": self.target, "others": []}
        if mode("reads others", True):
            # The real one reads those of all processes; those of other tests are not ours to find.
            for pid in family(self.caller):
                if pid != os.getpid():
                    found["others"].append(environment_of(pid))
        return found

    def save(self):
        state = {"state": "Collection" if self.state == "collecting" else "Launched"}
        state.update(pid=os.getpid(), written=self.written, began=time.time())
        with open(self.folder + "/new", "w") as handle:
            json.dump(state, handle)
        os.rename(self.folder + "/new", self.folder + "/state.json")

    def farewell(self):
        # Nobody takes an INT any more: whoever sends one now kills it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        time.sleep(0.4)
        if self.state == "waiting":
            say("Processing events...")
        say("Generated:")
        for path in self.written or ["No reports were generated"]:
            say("\t" + path)
        shutil.rmtree(self.folder)
        sys.exit(130 if self.interrupted else 143 if self.killed else 0)


def sessions():
    found = []
    for name in sorted(os.listdir(HOME + "/sessions")) if os.path.isdir(HOME + "/sessions") else []:
        try:
            with open("%s/sessions/%s/state.json" % (HOME, name)) as handle:
                found.append((name, json.load(handle)))
        except OSError:
            continue
    return found


def stopped(name):
    return "%s/stopped-%s.json" % (HOME, name)


def list_sessions():
    say("%16s%13s%27s%7s %s" % ("ID", "TIME", "STATE", "LAUNCH", "NAME"))
    for name, state in sessions():
        say("%16d%13s%27s%7d %s" % (state["pid"], "00:05", state["state"], 1, name))


def stop(words):
    named, _ = options({"session": r".+"}, words)
    match = [name for name, _ in sessions() if name == named.get("session")]
    if not match:
        say("There are no active sessions.")
        sys.exit(1)
    folder = "%s/sessions/%s" % (HOME, match[0])
    open(folder + "/stop", "w").close()
    while os.path.exists(folder) and not os.path.exists(stopped(match[0])):
        time.sleep(0.03)
    written = []
    if os.path.exists(stopped(match[0])):
        with open(stopped(match[0])) as handle:
            written = json.load(handle)
    say("Generating '/tmp/nsys-report-9b78.qdstrm'")
    say("Generated:")
    for path in written or ["No reports were generated"]:
        say("\t" + path)


def export(words):
    asked, (report,) = options(EXPORT, words)
    if mode("export fails"):
        sys.exit(mode("export fails"))
    with open(report) as handle:
        held = json.load(handle)
    with gzip.open(HOME + "/export.sqlite.gz") as source, open(asked["output"], "wb") as target:
        shutil.copyfileobj(source, target)
    if mode("export cut"):
        os.truncate(asked["output"], 100_000)
        return
    add_environments(asked["output"], held)
    say("Processed events.")


def add_environments(path, held):
    """Where the real one writes them, as its recorded exports have them."""
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE IF NOT EXISTS META_DATA_CAPTURE (name TEXT NOT NULL, value TEXT);
        CREATE TABLE IF NOT EXISTS TARGET_INFO_SYSTEM_ENV
            (globalVid INTEGER, devStateName TEXT, name TEXT, nameEnum INTEGER, value TEXT);
        CREATE TABLE IF NOT EXISTS ProcessStreams
            (globalPid INTEGER, filenameId INTEGER, contentId INTEGER);
    """)
    own = held["own"]
    rows = [("PROCESS_0:ENVIRONMENT_VARIABLE", '%s="%s"' % item) for item in own.items()]
    rows += [("PROCESS_0:ARGUMENT_%d" % n, word) for n, word in enumerate(held["argv"])]
    rows += [("PROCESS_0:COLLECT_CUDA_TRACE", "true")]
    database.executemany("INSERT INTO META_DATA_CAPTURE VALUES (?, ?)", rows)
    joined = ";".join("%s=%s" % item for item in own.items())
    database.execute(
        "INSERT INTO TARGET_INFO_SYSTEM_ENV VALUES (1, 'Local (CLI)', 'DeviceEnvironment', 610, ?)",
        (joined,),
    )
    database.execute(
        "INSERT INTO TARGET_INFO_SYSTEM_ENV VALUES (1, 'Local (CLI)', 'CpuCores', 1, '32')"
    )
    (free,) = database.execute("SELECT max(id) + 1 FROM StringIds").fetchone()
    for place, text in enumerate(filter(None, held["others"])):
        database.execute("INSERT INTO StringIds VALUES (?, ?)", (free + place, text))
    free += len(held["others"])
    database.execute("INSERT INTO StringIds VALUES (?, ?)", (free, "what the target printed"))
    database.execute("INSERT INTO ProcessStreams VALUES (1, ?, ?)", (free, free))
    database.commit()
    database.close()


def main():
    with open(HOME + "/calls.jsonl", "a") as handle:
        handle.write(json.dumps({"argv": ARGV, "env": dict(os.environ)}) + "\n")
    if ARGV == ["--version"]:
        say("NVIDIA Nsight Systems version 2025.3.1.90-253135822126v0")
    elif ARGV[0] == "profile":
        Session(ARGV[1:]).run()
    elif ARGV == ["sessions", "list"]:
        list_sessions()
    elif ARGV[0] == "stop":
        stop(ARGV[1:])
    elif ARGV[0] == "export":
        export(ARGV[1:])
    else:
        sys.exit("unrecognised command")


main()
