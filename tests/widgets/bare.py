"""A bare page for a widget, without a network, in the colours of JupyterLab; it notes what goes wrong in it."""


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
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
        )
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("dialog", lambda dialog: (self.errors.append("dialog"), dialog.dismiss()))
        back, front = ("#111", "#ddd") if dark else ("#fff", "#222")
        colours = f"background:{back};color:{front};--jp-ui-font-color1:{front};--jp-layout-color0:{back}"
        self.page.set_content(f'<body style="margin:0;color-scheme:{scheme};{colours}"><div id=at></div>')
        self.page.on("request", lambda request: self._fetched(request.url))
        self.page.expose_function("ask", ask)

    def _fetched(self, url):
        if not url.startswith(("blob:", "data:")):
            self.requests.append(url)

    def drawn(self):
        """Wait until two frames are drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def close(self):
        self.context.close()
