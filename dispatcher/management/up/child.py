"""The first breath of a child: asks the kernel to kill it when its parent dies, then becomes the program it is to be. Never returns.

A `preexec_fn` could ask the same, but it would run Python between fork and exec in a process that has threads (the local mailbox):
a lock that another thread held at the fork stays held for ever. Here nothing else runs. Only Linux can be asked.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # from linux/prctl.h; survives exec, and is meant for this process alone: its own children must see to theirs


def main() -> None:
    """`python -m dispatcher.management.up.child PARENT PROGRAM ARGUMENTS…`."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() == int(parent):  # else it died before we asked
        os.execvp(command[0], command)  # noqa: S606 -- the supervisor's own command, no shell


if __name__ == "__main__":
    main()
