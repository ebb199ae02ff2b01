"""What HolisticTraceAnalysis does before it can answer anything: parses the trace."""

import sys

from hta.trace_analysis import TraceAnalysis

TraceAnalysis(trace_files={0: sys.argv[1]}, trace_dir="/")
