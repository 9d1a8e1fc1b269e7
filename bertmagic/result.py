"""Base classes of results: they show and export themselves.

This is the one module outside `bertmagic.display` that imports it from below, and it does so when a result is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Result:
    """A result with a static text and static HTML."""

    __slots__ = ()

    def __repr__(self) -> str:
        from bertmagic.display import text

        return text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from bertmagic.display import bundle

        return bundle(self)


class PublishedResult(Result):
    """A result with further outputs below its own: figures, or a live view."""

    __slots__ = ()

    def _ipython_display_(self) -> None:
        """Show the result, and the further outputs below it."""
        from bertmagic.display import show

        show(self)


class ExportableResult(PublishedResult):
    """A result that can be written as a page, as Markdown or as LaTeX."""

    __slots__ = ()

    def to_html(self, path: str | Path) -> Path:
        """Write a page with all that is shown, figures as inline SVG; it needs no network and no script."""
        from bertmagic.display import page

        path = Path(path).expanduser()
        path.write_text(page(self), encoding="utf-8")
        return path

    def to_markdown(self) -> str:
        """Return the result as Markdown, as GitHub reads it."""
        from bertmagic.display import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """Return the tables as LaTeX for the package ``booktabs``, with the sentences as comments."""
        from bertmagic.display import latex

        return latex(self)
