"""A Ray cluster of a head and some more raylets on loopback, told what to do on standard input.

Its argument is a JSON document: `port` of the dashboard, `dir` for Ray's files, `nodes` beside the head, `room`, what
each of them has, `head_room`, whether the head has it too, and `redis`, the address of a Redis for Ray's state, or
nothing. It prints a line once all are up, and one for each command: `kill` ends the newest node as a power cut would;
`add`: another node; `head`: the head is gone at once and another one is there, which goes on with what Redis has; where
there is none it knows nothing, and the nodes are new ones. The end of its input ends everything, and so does its own:
the kernel ends raylets with the one that started them. Their agents would report that to the head before they end,
which takes them a minute and a half where the head is gone: they are ended with their raylet.
"""

import json
import os
import queue
import sys
import threading
import time
import urllib.request

import ray._private.services
from ray.cluster_utils import Cluster
# Ray brings its own.
import psutil

SPEC = json.loads(sys.argv[1])
LOOPBACK = "127.0.0.1"
RAYLET = "/raylet/raylet "
# What an agent is called, once it is up and before.
AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent", "/dashboard/agent.py", "/runtime_env/agent/main.py")


def family(pid):
    """The children of a process with their command lines; it may just have ended, and so may they."""
    try:
        children = psutil.Process(pid).children()
    except psutil.Error:
        return
    for child in children:
        try:
            yield child, " ".join(child.cmdline())
        except psutil.Error:
            pass


def patient(get_node):
    """Ray gives a node half a minute to be there; here it has as long as its raylet runs."""

    def get(gcs_address, node_id):
        while True:
            try:
                return get_node(gcs_address, node_id)
            except RuntimeError:
                if not any(RAYLET in line and node_id in line for _, line in family(os.getpid())):
                    raise
                time.sleep(1)

    return get


def machine():
    """One folder for all: Ray asks the agent of an address for the log of a job, and they share theirs."""
    return {"node_ip_address": LOOPBACK, "temp_dir": SPEC["dir"]}


def head(gcs_port=None):
    return {
        **machine(),
        **(SPEC["room"] if SPEC["head_room"] else {"num_cpus": 0}),
        # Nobody scales this cluster or reads its logs from afar, and no port is fixed but the dashboard's.
        "no_monitor": True,
        "include_log_monitor": False,
        "dashboard_agent_listen_port": None,
        "include_dashboard": True,
        "dashboard_host": LOOPBACK,
        "dashboard_port": SPEC["port"],
        **({} if gcs_port is None else {"gcs_server_port": gcs_port}),
        **({"external_addresses": [SPEC["redis"]] * 2, "num_redis_shards": 1} if SPEC["redis"] else {}),
    }


def node():
    return {**machine(), **SPEC["room"]}


def wait_for(nodes):
    """Until the dashboard answers and so many nodes are alive."""
    url = "http://%s:%d/nodes?view=summary" % (LOOPBACK, SPEC["port"])
    for _ in range(600):
        try:
            summary = json.load(urllib.request.urlopen(url, timeout=10))["data"]["summary"]
            if sum(one.get("raylet", {}).get("state") == "ALIVE" for one in summary) == nodes:
                return
        except (OSError, KeyError, ValueError):
            pass
        time.sleep(0.5)
    raise SystemExit("the dashboard did not come up")


def begin():
    cluster = Cluster()
    cluster.add_node(wait=False, **head())
    nodes = [cluster.add_node(wait=False, **node()) for _ in range(SPEC["nodes"])]
    wait_for(len(nodes) + 1)
    return cluster, nodes


def cut(raylet):
    """No farewell: a raylet and its agents are gone at once. Its workers, and what they have started, go with it."""
    agents = [child for child, line in family(raylet) if any(name in line for name in AGENTS)]
    # The raylet first: one whose agent is gone ends itself, with a farewell.
    for pid in [raylet, *(agent.pid for agent in agents)]:
        try:
            psutil.Process(pid).kill()
        except psutil.Error:
            pass


def cut_off(machine):
    for raylet in machine.all_processes.get("raylet", []):
        cut(raylet.process.pid)


def end(machine):
    cut_off(machine)
    machine.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)


def end_all(cluster):
    # The head first: it is not to tell anybody that the others are gone.
    for machine in [cluster.head_node, *cluster.worker_nodes]:
        end(machine)


def new_head(cluster, nodes):
    if not SPEC["redis"]:
        end_all(cluster)
        return begin()
    gcs_port = int(cluster.gcs_address.rsplit(":", 1)[1])
    end(cluster.head_node)
    cluster.head_node = None
    cluster.add_node(wait=False, **head(gcs_port))
    wait_for(len(nodes) + 1)
    return cluster, nodes


def listen(lines):
    for line in sys.stdin:
        lines.put(line.strip())
    lines.put(None)
    # Nobody waits any more for what is under way.
    time.sleep(20)
    for child, line in family(os.getpid()):
        if RAYLET in line:
            cut(child.pid)
    os._exit(1)


ray._private.services.get_node = patient(ray._private.services.get_node)
lines = queue.Queue()
threading.Thread(target=listen, args=(lines,), daemon=True).start()
# Where Ray notes the newest cluster of a machine; it expects the folder (RAY_TMPDIR) to be there.
os.makedirs("%s/ray" % os.environ["RAY_TMPDIR"], exist_ok=True)
cluster, nodes = begin()
print("up", flush=True)
for command in iter(lines.get, None):
    if command == "kill":
        cut_off(nodes.pop())
    elif command == "add":
        nodes.append(cluster.add_node(wait=False, **node()))
    elif command == "head":
        cluster, nodes = new_head(cluster, nodes)
    print(command, flush=True)
end_all(cluster)
# What Ray would do at our exit is done.
os._exit(0)
