"""A Ray cluster of a head and some more raylets on loopback, told what to do on standard input.

Its argument is a JSON document: `port` of the dashboard, `dir` for Ray's files, `nodes` beside the head, `room`, what
each of them has, `head_room`, whether the head has it too, and `redis`, the address of a Redis for Ray's state, or
nothing. It prints a line once all are up, and one for each command: `kill` ends the newest node as a power cut would;
`add`: another node; `head`: the head is gone at once and another one is there, which goes on with what Redis has; where
there is none it knows nothing, and the nodes are new ones. The end of its input ends everything, and so does its own:
the kernel ends a node's processes with the one that started them.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
import urllib.request

from ray.cluster_utils import Cluster

SPEC = json.loads(sys.argv[1])
LOOPBACK = "127.0.0.1"


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


def end(machine):
    machine.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)


def end_all(cluster):
    for machine in [*cluster.worker_nodes, cluster.head_node]:
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
    # Nobody waits any more for what is under way; Ray's processes do not outlive us.
    time.sleep(20)
    os._exit(1)


lines = queue.Queue()
threading.Thread(target=listen, args=(lines,), daemon=True).start()
# Where Ray notes the newest cluster of a machine; it expects the folder (RAY_TMPDIR) to be there.
os.makedirs("%s/ray" % os.environ["RAY_TMPDIR"], exist_ok=True)
cluster, nodes = begin()
print("up", flush=True)
for command in iter(lines.get, None):
    if command == "kill":
        # No farewell: the raylet and all that it has started are gone at once.
        os.kill(nodes.pop().all_processes["raylet"][0].process.pid, signal.SIGKILL)
    elif command == "add":
        nodes.append(cluster.add_node(wait=False, **node()))
    elif command == "head":
        cluster, nodes = new_head(cluster, nodes)
    print(command, flush=True)
end_all(cluster)
# What Ray would do at our exit is done.
os._exit(0)
