"""A Ray cluster of a head and some more raylets on loopback, told what to do on standard input.

Arguments: the port of the dashboard, how many nodes beside the head. It prints a line once all are up, and one
for each command: `kill` ends the newest node as a power cut would; `head` ends all of it and starts a new head
with nodes, which knows nothing of the old one; the end of its input ends everything.
"""

import json
import os
import signal
import sys
import time
import urllib.request

from ray.cluster_utils import Cluster

PORT, NODES = int(sys.argv[1]), int(sys.argv[2])
LOOPBACK = "127.0.0.1"
# A mark, for --hardware NAME=ray:tiny; a job takes one CPU of the one that a node has.
NODE = json.loads(os.environ.get("RAY_TEST_NODE") or '{"num_cpus": 1, "resources": {"tiny": 1}}')


def begin():
    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "include_dashboard": True,
            "dashboard_host": LOOPBACK,
            "dashboard_port": PORT,
        },
    )
    nodes = [cluster.add_node(**NODE) for _ in range(NODES)]
    for _ in range(240):
        try:
            url = "http://%s:%d/nodes?view=summary" % (LOOPBACK, PORT)
            summary = json.load(urllib.request.urlopen(url))["data"]["summary"]
            if len(summary) == NODES + 1:
                return cluster, nodes
        except (OSError, KeyError):
            pass
        time.sleep(0.5)
    raise SystemExit("the dashboard did not come up")


def kill(node):
    """No farewell: the raylet and all that it has started are gone at once."""
    raylet = node.all_processes["raylet"][0].process
    os.kill(raylet.pid, signal.SIGKILL)


cluster, nodes = begin()
print("up", flush=True)
for line in sys.stdin:
    if line.strip() == "kill":
        kill(nodes.pop())
    elif line.strip() == "add":
        nodes.append(cluster.add_node(**NODE))
    elif line.strip() == "head":
        cluster.shutdown()
        cluster, nodes = begin()
    print(line.strip(), flush=True)
cluster.shutdown()
