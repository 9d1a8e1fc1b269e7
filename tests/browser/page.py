"""A page of JupyterLab or Notebook 7, driven as a user does: typing into cells, running them, looking at outputs."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

TIMEOUT = 300_000
"""Milliseconds to wait before a test is given up; nothing is measured by it."""

NOT_OURS = re.compile(
    "|".join(
        [
            r"404 \(Not Found\) \S+/api/contents/Untitled\d*\.ipynb\?",  # the name before the rename is looked for
            r"^uncaught: Cannot read properties of null \(reading 'observe'\)$",  # any notebook with outputs, reopened
            # A page that has just loaded asks for the kernel's widgets; the answer may come after a restart.
            r"^Comm not found for comm id \S+ \S+/jlab_core\.",
            r"Canceled future for (debug|create_subshell|kernel_info)_request message",  # its own, at a restart
            r"^uncaught: Cannot read properties of undefined \(reading 'schema'\)$",  # Notebook 7, any notebook
            r"^uncaught: Command 'filebrowser:open-path' not registered\.$",  # Notebook 7, any notebook
        ]
    )
)
"""What JupyterLab 4.6 and Notebook 7.6 tell of themselves: three seen with plain Python too, two by their own words."""

CELLS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-viewport > .jp-CodeCell"
DRAWN = ".main-svg, img.plot-img[src]"
"""A figure that is drawn; in a notebook that was opened again JupyterLab shows its picture until the mouse is on it."""


def looks(*widths):
    """Parametrize a test by theme and width: the first width in light, the last one in dark; all in `make soak`."""
    quick = {("Light", widths[0]), ("Dark", widths[-1])}
    looks = [(theme, width) for width in widths for theme in ("Light", "Dark")]
    marked = [pytest.param(*look, marks=[] if look in quick else pytest.mark.soak) for look in looks]
    return pytest.mark.parametrize(("theme", "width"), marked)


class Lab:
    """One page with a notebook in it.

    Attributes
    ----------
    page
        The page of playwright.
    errors
        What the console told as an error, and exceptions that nobody caught.
    """

    def __init__(self, context, url, width=1200, height=1000):
        self.url = url
        self.page = context.new_page()
        self.page.set_default_timeout(TIMEOUT)
        self.page.set_viewport_size({"width": width, "height": height})
        self.errors = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._note(f"uncaught: {error}"))

    def _hear(self, message):
        if message.type == "error":
            self._note(f"{message.text} {message.location.get('url', '')}")

    def _note(self, text):
        if not NOT_OURS.search(text):
            self.errors.append(text)

    def close(self):
        self.page.close()

    def new(self, name):
        """Open JupyterLab and a new notebook from its launcher, and give it a name."""
        self.page.goto(f"{self.url}/lab?reset")
        self.page.locator(".jp-LauncherCard[data-category=Notebook]").first.click()
        self.cell(0).wait_for()
        self.idle()
        self.page.evaluate("name => jupyterapp.shell.currentWidget.context.rename(name)", name)

    def open(self, path):
        """Open a notebook that is there."""
        self.page.goto(f"{self.url}/{path}")
        self.cell(0).wait_for()

    def open_again(self, path, widget):
        """Open a notebook whose kernel has a widget; wait for it.

        JupyterLab gives a kernel four seconds to tell its widgets, and a busy machine may need more: then the page is
        loaded again, as a user would do.
        """
        for _ in range(4):
            self.open(path)
            with suppress(PlaywrightTimeout):
                return widget().wait_for(timeout=TIMEOUT / 4)
        raise AssertionError(f"{path} was loaded four times, and its widget did not come")

    def cells(self):
        """The code cells. A page loaded again may keep an invisible one, made before the notebook's own had come."""
        return self.page.locator(CELLS).filter(visible=True)

    def cell(self, at):
        return self.cells().nth(at)

    def output(self, at):
        """The outputs of a cell."""
        return self.cell(at).locator(".jp-OutputArea-output")

    def source(self, at):
        """Return the source of a cell as it would be saved."""
        widgets = "jupyterapp.shell.currentWidget.content.widgets"
        return self.page.evaluate(f"at => {widgets}[at].model.sharedModel.getSource()", at)

    def delete(self, at):
        """Delete a cell."""
        self.page.evaluate("at => { jupyterapp.shell.currentWidget.content.activeCellIndex = at }", at)
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:delete-cell')")

    def figure(self, at, position):
        """Return an output that is a figure, once it is drawn."""
        output = self.output(at).nth(position)
        output.scroll_into_view_if_needed()
        output.locator(DRAWN).first.wait_for()
        return output

    def type(self, code):
        """Put code into the last cell, as pasting does, and not key by key; return the cell's position."""
        last = self.cells().count() - 1
        self.cell(last).locator(".cm-content").click()
        self.page.keyboard.insert_text(code)
        return last

    def start(self, code):
        """Type code into the last cell and run it, without waiting for its end."""
        at = self.type(code)
        self.page.keyboard.press("Shift+Enter")
        return at

    def run(self, code):
        """Type code into the last cell, run it, and wait for its end."""
        at = self.start(code)
        self.done(at)
        return at

    def done(self, at):
        """Wait until a cell has its number: it has run then."""
        numbered = re.compile(r"^\[\d+\]:")
        self.cell(at).locator(".jp-InputPrompt").filter(has_text=numbered).wait_for()

    def idle(self):
        """Wait until the page is connected to its kernel, and that waits: what is run before may be lost."""
        status = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        self.page.wait_for_function(f"{status}?.connectionStatus === 'connected' && {status}?.status === 'idle'")

    def restart(self):
        """Restart the kernel as the menu does, and agree to it."""
        self.page.evaluate("() => { jupyterapp.commands.execute('kernelmenu:restart') }")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")
        self.idle()

    def picture(self, path):
        self.page.screenshot(path=path)

    def resize(self, width, height=1000):
        """Give the window another width; a narrow one has no room for the side bar."""
        self.page.set_viewport_size({"width": width, "height": height})
        shown = self.page.evaluate("() => !jupyterapp.shell.leftCollapsed")
        if shown == (width < 800):
            self.page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")

    def save(self):
        self.page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")

    def theme(self, name):
        """Choose a theme and wait until its colours are there."""
        self.page.evaluate("name => jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
