"""A real kernel as a front end sees it: what was sent, in the order it came."""

import asyncio
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty

from jupyter_client.manager import KernelManager

FIGURE = "application/vnd.plotly.v1+json"
WAIT = 300
"""Seconds to wait before a test is given up; nothing is measured by it."""

SETUP = """%load_ext bertmagic
import pandas as pd
reviews = pd.read_json("reviews.json")
"""

_FINETUNE = """%%bert_finetune {name}
train      = reviews
label      = "mood"
model      = "tinybert"
epochs     = 1000
max_steps  = {steps}
lr         = 1e-3
batch_size = 4
eval_every = {every}
keep       = "best"
background = {background}
"""


def finetune(name, steps, every, background=False):
    """Return a cell that trains the tiny encoder on what `SETUP` read; ninety thousand steps take many hours."""
    return _FINETUNE.format(name=name, steps=steps, every=every, background=background)


@dataclass
class Frame:
    """One bundle that was shown: in a place of its own, or in place of the one before under the same id."""

    data: dict[str, object]
    place: str | None
    update: bool
    sent: datetime

    @property
    def text(self):
        return self.data.get("text/plain", "")

    @property
    def html(self):
        return self.data.get("text/html", "")


@dataclass
class Cell:
    """What came of one request."""

    reply: dict[str, object]
    messages: list[dict[str, object]] = field(default_factory=list)

    @property
    def status(self):
        return self.reply["status"]

    @property
    def printed(self):
        return "".join(m["content"]["text"] for m in self.messages if m["msg_type"] == "stream")

    @property
    def result(self):
        """The bundle of ``Out``, or None."""
        return next((m["content"]["data"] for m in self.messages if m["msg_type"] == "execute_result"), None)

    @property
    def error(self):
        """The lines that a front end shows for an error."""
        shown = [m["content"]["traceback"] for m in self.messages if m["msg_type"] == "error"]
        return "\n".join(shown[0]).splitlines() if shown else []

    @property
    def frames(self):
        return [frame(m) for m in self.messages if m["msg_type"] in ("display_data", "update_display_data")]

    @property
    def kept(self):
        """What is left in the cell: of an updated output its last frame; a bar of work that is over is empty."""
        cleared = [at for at, one in enumerate(self.messages) if one["msg_type"] == "clear_output"]
        left = Cell(self.reply, self.messages[cleared[-1] if cleared else 0 :]).frames
        last = {one.place or at: one for at, one in enumerate(left)}  # at the place of the first one
        return [one for one in last.values() if one.text]

    @property
    def places(self):
        """The frames of each updating output, by its id."""
        by_place = {}
        for one in self.frames:
            if one.place:
                by_place.setdefault(one.place, []).append(one)
        return by_place

    @property
    def panel(self):
        """The frames of the first output that was updated; there is another one if notes are folded."""
        frames, *notes = self.places.values()
        assert len(notes) <= 1
        return frames


def frame(message):
    content = message["content"]
    return Frame(
        content["data"], content["transient"].get("display_id"), message["msg_type"] == "update_display_data",
        message["header"]["date"],
    )  # fmt: skip


def in_thread(act):
    """Do what asks a kernel or its manager, in a thread of its own: end the event loop that they begin there."""
    try:
        act()
    finally:
        asyncio.get_event_loop().close()


class Kernel:
    """A kernel in a folder, and its client."""

    def __init__(self, folder, env):
        self.folder = folder
        self.heard = []
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=env)
        self._connect()

    def _connect(self):
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WAIT)

    def restart(self):
        """Begin anew: nothing is left but what is on disk."""
        self.client.stop_channels()
        self.manager.restart_kernel(now=True)
        self._connect()

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def interrupt(self):
        """Press the stop button: a SIGINT."""
        self.manager.interrupt_kernel()

    def send(self, code):
        """Ask for a cell to be run, without waiting."""
        return self.client.execute(code, stop_on_error=True)

    def collect(self, *requests, watch=None):
        """Return the cells of requests once all are done; ``watch`` sees each message of a cell as it comes."""
        cells = self._shown(requests, watch)
        while not all(cell.reply for cell in cells.values()):
            reply = self.client.get_shell_msg(timeout=WAIT)
            parent = reply["parent_header"].get("msg_id")
            if parent in cells:  # and not to a question of a slow start, which was asked more than once
                cells[parent].reply = reply["content"]
        return [cells[request] for request in requests]

    def _shown(self, requests, watch=None):
        """Return the cells of requests without their replies, once the kernel is idle after each."""
        cells = {request: Cell({}) for request in requests}
        working = set(requests)
        until = time.monotonic() + WAIT
        while working:
            message = self._next(until)
            parent = message["parent_header"].get("msg_id")
            if parent not in cells:
                continue
            cells[parent].messages.append(message)
            if watch:
                watch(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                working.discard(parent)
        return cells

    def interrupted(self, code, seconds):
        """Run a cell, interrupt it after some seconds, and return what came of it.

        Its reply is empty where the interrupt hit ipykernel as it answered. Replies come in order, so two cells are run
        behind it: the first one may be hit, too, and the reply of the second one says that no other is still to come.
        """
        request = self.send(code)
        timer = threading.Timer(seconds, in_thread, [self.interrupt])
        timer.start()
        cell = self._shown([request])[request]
        timer.join()
        for _ in range(2):
            last = self.send("1 + 1")
            self._shown([last])
        while (reply := self.client.get_shell_msg(timeout=WAIT))["parent_header"].get("msg_id") != last:
            if reply["parent_header"].get("msg_id") == request:
                cell.reply = reply["content"]
        return cell

    def _next(self, until):
        try:
            message = self.client.get_iopub_msg(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise TimeoutError("the kernel said nothing more") from None
        self.heard.append(message)
        return message

    def of(self, request):
        """Return a request's cell with all that came of it so far, also after its end."""
        return Cell({}, [m for m in self.heard if m["parent_header"].get("msg_id") == request])

    def listen(self, request, until):
        """Listen until a frame of a request, new from now on, satisfies ``until``; return the frame."""
        end = time.monotonic() + WAIT
        while True:
            message = self._next(end)
            mine = message["parent_header"].get("msg_id") == request
            if mine and message["msg_type"] in ("display_data", "update_display_data") and until(frame(message)):
                return frame(message)

    def run(self, code, watch=None):
        """Run a cell and return what came of it.

        For a moment after an error the kernel still aborts what comes, as if it had waited behind that cell.
        """
        while True:
            (cell,) = self.collect(self.send(code), watch=watch)
            if cell.status != "aborted":
                return cell

    def good(self, code):
        """Run a cell that must end well."""
        cell = self.run(code)
        assert cell.status == "ok", cell.error
        return cell

    def value(self, expression):
        """Return the value of an expression of numbers, texts and lists."""
        import ast

        return ast.literal_eval(self.good(expression).result["text/plain"])
