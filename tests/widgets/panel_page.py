"""A bare page with the panel in it: what it sends is taken by the Python that a kernel would run, and the reverse."""

import json

from bertmagic.widgets.panel_view import PanelView

OPEN = """async ([script, style, state]) => {
  const heard = {}
  const dirty = new Set()
  const tell = (event) => (heard[event] ?? []).forEach((act) => act())
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


class PanelPage:
    """The panel in a page of its own.

    Attributes
    ----------
    sent
        What the page sent, in order.
    requests, errors
        What was fetched, and what went wrong: nothing should.
    """

    def __init__(self, browser, panel, dark=False, width=1000, height=1400):
        self.panel, self.sent, self.requests, self.errors = panel, [], [], []
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
        self.page.expose_function("ask", self._take)
        self.known = {name: json.dumps(getattr(panel, name)) for name in PanelView.class_own_traits(sync=True)}
        state = {name: json.loads(text) for name, text in self.known.items()}
        self.page.evaluate(OPEN, [panel._esm, panel._css, state])

    def _fetched(self, url):
        if not url.startswith(("blob:", "data:")):
            self.requests.append(url)

    def _take(self, changes):
        self.sent.append(changes)
        self.known |= {name: json.dumps(value) for name, value in changes.items()}
        self.panel.set_state(changes)
        return self._changed()

    def _changed(self):
        now = {name: json.dumps(getattr(self.panel, name)) for name in self.known}
        changed = {name: json.loads(text) for name, text in now.items() if text != self.known[name]}
        self.known = now
        return changed

    def settle(self):
        """Wait until all that Python has changed is drawn."""
        self.page.wait_for_function("() => (window.asked ?? 0) === (window.answered ?? 0)")
        self.page.evaluate("(values) => put(values)", self._changed())
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def row(self, name):
        """Return the row of an option."""
        return self.page.locator(".bm-row").filter(has=self.page.locator(f"label:text-is('{name}')"))

    def text(self, selector):
        self.settle()
        return self.page.locator(f".bm-panel {selector}").first.inner_text()

    def close(self):
        self.context.close()
