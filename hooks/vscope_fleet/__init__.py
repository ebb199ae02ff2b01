"""Runs a vLLM that spans the nodes of a Ray cluster as a job, and sends home what the hooks record on each node.

A job begins `python -m vscope_fleet` on the node where Ray puts it; Ray's runtime environment brings this package
and the hooks to every process of the job.
"""
