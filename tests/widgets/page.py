"""A bare page with the view in it: its messages are answered by the Python that a kernel would run, or by nobody."""

import base64
from pathlib import Path

from bertmagic.display.attention.settings import NAMES
from bertmagic.widgets import assets
from bertmagic.widgets.attention import answer
from bertmagic.widgets.transport import messages

from .bare import BarePage

OPEN = """async ([script, style, state, bytes]) => {
  const raw = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)
  for (const name of Object.keys(bytes)) state[name] = raw(bytes[name])
  state._esm = script; state._css = style
  const heard = {}
  const tell = (event, ...given) => (heard[event] ?? []).forEach((act) => act(...given))
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; tell(`change:${name}`); },
    save_changes: () => {
      window.saved = JSON.parse(JSON.stringify(state, (k, v) => (k.startsWith("_") ? undefined : v)))
    },
    on: (event, act) => { (heard[event] ??= []).push(act) },
    off: (event, act) => { heard[event] = (heard[event] ?? []).filter((one) => one !== act) },
    send: async (content) => {
      window.asked = [...(window.asked ?? []), content]
      const got = await window.ask(content)
      for (const [header, buffers] of got ?? []) tell("msg:custom", header, buffers.map(raw))
      window.answered = (window.answered ?? 0) + 1
    },
  }
  window.heard = heard
  window.tell = tell
  window.put = (values) => { Object.assign(state, values); tell("change") }
  const sheet = document.createElement("style")
  sheet.textContent = style
  document.head.append(sheet)
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}))
  window.widget = (await import(url)).default
  window.control = new AbortController()
  window.widget.render({model, el: document.getElementById("at"), signal: control.signal})
}"""


class Page(BarePage):
    """The live view of maps in a page of its own.

    Attributes
    ----------
    asked
        What the view asked of the kernel, in order.
    sent, largest
        The bytes that came back, and those of the largest message.
    """

    def __init__(self, browser, view, dark=False, width=1100, height=1000, alive=True):
        self.view, self.alive, self.asked = view, alive, []
        self.sent = self.largest = 0
        super().__init__(browser, self._answer, dark, width, height)
        state = {name: getattr(view, name) for name in NAMES} | {"_about": view._about}
        raw = {name: base64.b64encode(getattr(view, name)).decode() for name in ("_thumbnails", "_first")}
        self.page.evaluate(OPEN, [assets.script(), assets.style(), state, raw])

    def _answer(self, content):
        self.asked.append(content)
        if not self.alive:
            return None
        sent = []
        for header, buffers in messages(*answer(self.view.maps, content)):
            self.sent += sum(map(len, buffers))
            self.largest = max(self.largest, *map(len, buffers), 0)
            sent.append([{"id": content["id"]} | header, [base64.b64encode(buffer).decode() for buffer in buffers]])
        return sent

    def settle(self):
        """Wait until no answer is out and two frames are drawn."""
        self.page.wait_for_function("() => (window.asked ?? []).length === (window.answered ?? 0)")
        self.drawn()

    def canvas(self, name):
        """Return one of the pictures, by how its label begins."""
        return self.page.locator(f"canvas[aria-label^='{name}']")

    def set(self, **state):
        """Set traits as Python does."""
        self.page.evaluate("(values) => put(values)", state)
        self.settle()

    def state(self):
        """Return what the page told the kernel of its state."""
        return self.page.evaluate("() => window.saved ?? {}")

    def text(self, selector):
        self.settle()
        return self.page.locator(f".bm-attention {selector}").first.inner_text()

    def keys(self, name, *keys):
        """Press keys in one of the pictures."""
        self.canvas(name).focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def saved(self, kind):
        """Return the bytes that a button hands to the browser."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=f"Save as {kind}").click()
        return Path(download.value.path()).read_bytes()
