"""A bare page with the panel in it: what it sends is taken by the Python that a kernel would run, and the reverse."""

import base64
import json

import pytest

from bertmagic.widgets.panel_view import PanelView

from .bare import BarePage

OPEN = """async ([script, style, state]) => {
  const heard = {}
  const dirty = new Set()
  const tell = (event, ...given) => (heard[event] ?? []).forEach((act) => act(...given))
  const raw = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)
  window.put = (values) => {
    Object.assign(state, values)
    for (const name of Object.keys(values)) tell(`change:${name}`)
  }
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; dirty.add(name); tell(`change:${name}`); },
    save_changes: async () => {
      const changes = Object.fromEntries([...dirty].map((name) => [name, state[name]]))
      dirty.clear()
      if (!Object.keys(changes).length) return
      window.asked = (window.asked ?? 0) + 1
      put(await window.ask(JSON.parse(JSON.stringify(changes))))
      window.answered = (window.answered ?? 0) + 1
    },
    send: async (content) => {
      window.asked = (window.asked ?? 0) + 1
      for (const [header, buffers] of await window.ask({message: content})) tell("msg:custom", header, buffers.map(raw))
      window.answered = (window.answered ?? 0) + 1
    },
    on: (event, act) => { (heard[event] ??= []).push(act) },
    off: (event, act) => { heard[event] = (heard[event] ?? []).filter((one) => one !== act) },
  }
  window.heard = heard
  const sheet = document.createElement("style")
  sheet.textContent = style
  document.head.append(sheet)
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}))
  const widget = (await import(url)).default
  window.control = new AbortController()
  widget.render({model, el: document.getElementById("at"), signal: control.signal})
}"""


class PanelPage(BarePage):
    """The panel in a page of its own.

    Attributes
    ----------
    sent
        What the page sent, in order.
    largest
        The bytes of the largest answer to a message.
    """

    def __init__(self, browser, panel, dark=False, width=1000, height=1400):
        self.panel, self.sent, self.largest = panel, [], 0
        super().__init__(browser, self._take, dark, width, height)
        self.known = {name: json.dumps(getattr(panel, name)) for name in PanelView.class_own_traits(sync=True)}
        state = {name: json.loads(text) for name, text in self.known.items()}
        self.page.evaluate(OPEN, [panel._esm, panel._css, state])

    def _take(self, changes):
        if "message" in changes:
            return self._answers(changes["message"])
        self.sent.append(changes)
        self.known |= {name: json.dumps(value) for name, value in changes.items()}
        self.panel.set_state(changes)
        return self._changed()

    def _answers(self, content):
        """Return what the panel sends in answer to a message."""
        answers = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.panel, "send", lambda *message: answers.append(message))
            self.panel._handle_custom_msg(content, [])
        self.largest = max([self.largest, *(sum(map(len, buffers)) for _, buffers in answers)])
        return [[header, [base64.b64encode(buffer).decode() for buffer in buffers]] for header, buffers in answers]

    def _changed(self):
        now = {name: json.dumps(getattr(self.panel, name)) for name in self.known}
        changed = {name: json.loads(text) for name, text in now.items() if text != self.known[name]}
        self.known = now
        return changed

    def settle(self):
        """Wait until all that Python has changed is drawn."""
        self.page.wait_for_function("() => (window.asked ?? 0) === (window.answered ?? 0)")
        self.page.evaluate("(values) => put(values)", self._changed())
        self.drawn()

    def row(self, name):
        """Return the row of an option."""
        return self.page.locator(".bm-row").filter(has=self.page.locator(f"label:text-is('{name}')"))

    def text(self, selector):
        self.settle()
        return self.page.locator(f".bm-panel {selector}").first.inner_text()
