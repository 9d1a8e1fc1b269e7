"""A bare page with the view in it: its messages are answered by the Python that a kernel would run, or by nobody."""

import base64

from bertmagic.display.attention.settings import NAMES
from bertmagic.widgets import assets
from bertmagic.widgets.attention import answer

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
      if (got) tell("msg:custom", got[0], got[1].map(raw))
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
    sent
        The bytes that came back.
    requests
        What was fetched from anywhere: nothing should be.
    """

    def __init__(self, browser, view, dark=False, width=1100, height=1000, alive=True):
        self.view, self.alive, self.asked, self.sent, self.requests, self.errors = view, alive, [], 0, [], []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", offline=True
        )
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
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
        header, buffers = answer(self.view.maps, content)
        self.sent += sum(map(len, buffers))
        return [{"id": content["id"]} | header, [base64.b64encode(buffer).decode() for buffer in buffers]]

    def settle(self):
        """Wait until two frames are drawn and no answer is out."""
        self.page.wait_for_timeout(60)
        frames = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        for _ in range(4):
            self.page.evaluate(frames)
            self.page.wait_for_timeout(40)

    def canvas(self, at):
        """Return one of the pictures: 0 the grid, 1 lines, 2 the heat map, 3 the text."""
        return self.page.locator("canvas[tabindex]").nth(at)

    def close(self):
        self.context.close()
