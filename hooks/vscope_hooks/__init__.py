"""vscope's session profilers: they run inside vLLM and only watch.

Every file that they write lies in the session's folder, one folder per process; nothing is printed
on stdout, and no failure of theirs reaches vLLM.
"""

__version__ = "0.1.0"
