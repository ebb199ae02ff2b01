"""`python -m vscope_fleet`: the job."""

import sys

from .job import Job

if __name__ == "__main__":
    sys.exit(Job().run())
