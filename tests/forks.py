"""Processes of their own, forked from one that has imported the libraries: their imports take five seconds each.

`popen` stands in for `subprocess.Popen` of ``python -m module`` and ``python -c code``. A fork starts as a fresh
interpreter does, except that the modules of `LIBRARIES` are imported; bertmagic and ipykernel are not. Tests of what is
imported when, and of variables that the libraries read as they are imported, need a real start.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

LIBRARIES = (
    "pandas", "pyarrow.compute", "sklearn.feature_extraction.text", "sklearn.linear_model", "sklearn.metrics",
    "scipy.optimize", "torch", "torch.nn.attention", "tokenizers", "transformers.modeling_layers",
    "transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert",
    "transformers.models.bert.tokenization_bert",
)  # fmt: skip

ADDRESS = "BERTMAGIC_TEST_FORKS"
"""The variable with the address of the server, for the workers of pytest and for servers that start kernels."""

_NUMBER = struct.Struct("i")


@cache
def address():
    """Return the address of the server; start one if no process above this one has. It ends with this process."""
    if ADDRESS not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="bertmagic-forks-"))
        os.environ[ADDRESS] = str(folder / "socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(os.environ[ADDRESS])
            listener.listen(64)
            server = subprocess.Popen(
                [sys.executable, "-P", __file__, str(listener.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL, pass_fds=[listener.fileno()], start_new_session=True,
            )  # fmt: skip
        atexit.register(_end, server, folder)
    return os.environ[ADDRESS]


def _end(server, folder):
    server.kill()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


def popen(command, **known):
    """Start a process as `subprocess.Popen` does: a fork on Linux, where that is safe, else a fresh one."""
    return Fork(command, **known) if sys.platform == "linux" else subprocess.Popen(command, **known)


def start_kernels():
    """Have the kernels that this process starts from now on be forks; return a function that ends it."""
    from jupyter_client import launcher

    launcher.Popen = popen
    return lambda: setattr(launcher, "Popen", subprocess.Popen)


class Fork:
    """What tests and Jupyter use of `subprocess.Popen`; the process is the leader of its own session."""

    def __init__(self, command, stdin=None, stdout=None, stderr=None, cwd=None, env=None, **known):
        assert not known.keys() - {"start_new_session", "text"}
        self.args, self.returncode = command, None
        streams, mine = zip(*map(_stream, (stdin, stdout, stderr), (0, 1, 2)), strict=True)
        self.stdin, self.stdout, self.stderr = mine
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.connect(address())
        request = {"command": command, "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
        socket.send_fds(self._control, [json.dumps(request).encode()], streams)
        for given, stream in zip((stdin, stdout, stderr), streams, strict=True):
            if given in (subprocess.PIPE, subprocess.DEVNULL):
                os.close(stream)
        (self.pid,) = _NUMBER.unpack(self._control.recv(_NUMBER.size))

    def wait(self, timeout=None):
        """Wait for the end; return the exit status, or minus the signal."""
        if self.returncode is None:
            if not select.select([self._control], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            message = self._control.recv(_NUMBER.size)
            self.returncode = _NUMBER.unpack(message)[0] if message else -signal.SIGKILL
            self._control.close()
        return self.returncode

    def poll(self):
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def communicate(self, text=None, timeout=None):
        """Write ``text``, then read what it prints until its end; one of both streams of output may be a pipe."""
        if self.stdin:
            with suppress(BrokenPipeError):
                self.stdin.write(text or "")
            self.stdin.close()
        printed = [stream and stream.read() for stream in (self.stdout, self.stderr)]
        self.wait(timeout)
        self._close()
        return tuple(printed)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._close()
        self.wait()

    def _close(self):
        for stream in filter(None, (self.stdin, self.stdout, self.stderr)):
            with suppress(BrokenPipeError):
                stream.close()


def _stream(given, number):
    """Return the descriptor that the process gets for a stream, and this side of it if it is a pipe."""
    if given == subprocess.PIPE:
        read, write = os.pipe()
        return (read, os.fdopen(write, "w", 1)) if number == 0 else (write, os.fdopen(read))
    if given == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if given == subprocess.STDOUT:
        return 1, None
    return (number if given is None else given if isinstance(given, int) else given.fileno()), None


# The server


def serve(listener, parent):
    """Fork for each connection until the process that started this one is gone."""
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no guardian is waited for
    listener.settimeout(1)
    while os.getppid() == parent:
        with suppress(TimeoutError):
            connection, _ = listener.accept()
            if not os.fork():
                listener.close()
                return guard(connection)
            connection.close()
    return None


def guard(connection):
    """Start the process, tell its id, wait for its end and tell how it ended; it ends with this one."""
    connection.settimeout(None)
    message, streams, *_ = socket.recv_fds(connection, 1 << 20, 3)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_with_parent()
    child = os.fork()
    if not child:
        return begin(connection, json.loads(message), streams)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    with suppress(OSError):
        connection.send(_NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def end_with_parent():
    """Ask the system to kill this process when the one above it ends."""
    import ctypes

    set_death_signal = 1
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def begin(connection, request, streams):
    """Become what was asked for."""
    os.setsid()
    end_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    connection.send(_NUMBER.pack(os.getpid()))
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    _, flag, what, *arguments = request["command"]
    sys.argv = [flag, *arguments]
    sys.path.insert(0, request["cwd"])
    if flag == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
