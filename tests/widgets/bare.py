"""A bare page for a widget, without a network, in the colours of JupyterLab; it notes what goes wrong in it."""

_free = {}
"""The pages of each browser that no test uses now. A new one takes a processor second, an old one is as good as new."""


class BarePage:
    """A page with a place for a widget.

    Parameters
    ----------
    ask
        What the page's own ``ask`` calls, in place of a message to the kernel.

    Attributes
    ----------
    requests, errors
        What was fetched, and what went wrong: nothing should.
    """

    def __init__(self, browser, ask, dark, width, height):
        self.requests, self.errors = [], []
        free = _free.setdefault(browser, [])
        self._tab = free.pop() if free else _Tab(browser)
        self._give_back = free.append
        self._tab.user, self._tab.ask = self, ask
        self.page = self._tab.page
        scheme = "dark" if dark else "light"
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme)
        back, front = ("#111", "#ddd") if dark else ("#fff", "#222")
        colours = f"background:{back};color:{front};--jp-ui-font-color1:{front};--jp-layout-color0:{back}"
        self.page.set_content(f'<body style="margin:0;color-scheme:{scheme};{colours}"><div id=at></div>')

    def fetched(self, url):
        if not url.startswith(("blob:", "data:", "about:")):
            self.requests.append(url)

    def drawn(self):
        """Wait until two frames are drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def close(self):
        self._tab.clear()
        self._give_back(self._tab)


class _Tab:
    """A tab of a browser, for one `BarePage` after the other; it tells the present one what it hears."""

    def __init__(self, browser):
        self.user = self.ask = None
        self.page = browser.new_context(offline=True).new_page()
        self.page.on("pageerror", lambda error: self.user.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("dialog", lambda dialog: (self.user.errors.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self.user.fetched(request.url))
        self.page.expose_function("ask", lambda content: self.ask(content))

    def _heard(self, message):
        if message.type == "error":
            self.user.errors.append(message.text)

    def clear(self):
        """Leave the page, with all that its scripts hold, and the mouse with it."""
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
