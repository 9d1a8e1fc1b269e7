"""axe-core on a page of the browser: what a part of it does to readers who use a screen reader or a keyboard."""

from axe_playwright_python.sync_playwright import Axe

_NOT_OURS = ["region"]
"""Rules on the page around a part: an output is in whatever landmark the notebook has."""


def violations(page, selector="body"):
    """Return what axe-core finds in the parts of a page that a CSS selector finds, a line for each node.

    Its rules of WCAG 2 A and AA and its best practices are checked. The script comes with the package; nothing is
    fetched.

    Parameters
    ----------
    page
        A page of playwright.
    selector
        It must find at least one element; those in a shadow root or in a frame of another origin are not seen.
    """
    rules = {rule: {"enabled": False} for rule in _NOT_OURS}
    results = Axe().run(page, {"include": [[selector]]}, {"resultTypes": ["violations"], "rules": rules})
    return [
        f"{one['id']} ({one['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for one in results.response["violations"]
        for node in one["nodes"]
    ]
