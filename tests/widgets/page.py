"""A bare page with the view in it: its messages are answered by the Python that a kernel would run, or by nobody."""

import base64
from pathlib import Path

from bertmagic.display.attention.settings import NAMES
from bertmagic.widgets import assets
from bertmagic.widgets.attention import answer
from bertmagic.widgets.transport import messages

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


class Page:
    """The live view of maps in a page of its own.

    Attributes
    ----------
    asked
        What the view asked of the kernel, in order.
    sent, largest
        The bytes that came back, and those of the largest message.
    requests
        What was fetched from anywhere: nothing should be.
    """

    def __init__(self, browser, view, dark=False, width=1100, height=1000, alive=True):
        self.view, self.alive, self.asked, self.requests, self.errors = view, alive, [], [], []
        self.sent = self.largest = 0
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", offline=True
        )
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.errors.append("dialog"), dialog.dismiss()))
        back, front = ("#111", "#ddd") if dark else ("#fff", "#222")
        colours = f"background:{back};color:{front};--jp-ui-font-color1:{front};--jp-layout-color0:{back}"
        scheme = "dark" if dark else "light"
        self.page.set_content(f'<body style="margin:0;color-scheme:{scheme};{colours}"><div id=at></div>')
        self.page.on("request", lambda request: self._fetched(request.url))
        self.page.expose_function("ask", self._answer)
        state = {name: getattr(view, name) for name in NAMES} | {"_about": view._about}
        raw = {name: base64.b64encode(getattr(view, name)).decode() for name in ("_thumbnails", "_first")}
        self.page.evaluate(OPEN, [assets.script(), assets.style(), state, raw])

    def _fetched(self, url):
        if not url.startswith(("blob:", "data:")):
            self.requests.append(url)

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
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

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

    def close(self):
        self.context.close()
