"""A script that does something once for each line it is given, each time in a process that can be killed."""

import os
import signal
import sys
from contextlib import suppress
from subprocess import PIPE

from . import forks

LOOP = """
import os, sys, traceback

for _ in sys.stdin:
    child = os.fork()
    if not child:
        code = 1
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    print(child, flush=True)
    print("over", os.waitpid(child, 0)[1], flush=True)
"""


class Killable:
    """The processes of a script: it imports what takes long, and defines `act`."""

    def __init__(self, script, *arguments):
        command = [sys.executable, "-c", script + LOOP, *map(str, arguments)]
        self.script = forks.popen(command, stdin=PIPE, stdout=PIPE, text=True)

    def run(self, moment=None):
        """Return the exit status of a process that acts.

        ``moment`` gets the lines that it prints; when it returns, the process is killed, if it has not ended before.
        """
        self.script.stdin.write("act\n")
        self.script.stdin.flush()
        child, ended = int(self.script.stdout.readline()), []
        printed = self._printed(ended)
        if moment is not None:
            moment(printed)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for _ in printed:
            pass
        return ended[0]

    def _printed(self, ended):
        for line in iter(self.script.stdout.readline, ""):
            if line.startswith("over"):
                ended.append(int(line.split()[1]))
                return
            yield line

    def close(self):
        self.script.stdin.close()
        self.script.wait()
        self.script.stdout.close()
