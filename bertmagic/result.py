"""Base classes of results: they show and export themselves.

This is the one module that imports from above itself, the display and the widgets, and it does so when a result is
shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, paths

if TYPE_CHECKING:
    from pathlib import Path

    from bertmagic.widgets.attention import AttentionView


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
        """Write a page with all that is shown, figures as inline SVG; it needs no network and no script.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        from bertmagic.display import page

        path = paths.path(path)
        files.write(path, page(self))
        return path

    def to_markdown(self) -> str:
        """Return the result as Markdown, as GitHub reads it."""
        from bertmagic.display import markdown

        return markdown(self)

    def to_latex(self) -> str:
        """Return the tables as LaTeX for the package ``booktabs``, with the sentences as comments."""
        from bertmagic.display import latex

        return latex(self)


class ViewedResult(PublishedResult):
    """A result with a live view: attention maps."""

    def view(self, **state: Any) -> AttentionView:
        """Return the live view: a widget for notebooks.

        Parameters
        ----------
        state
            Its first state: names of `bertmagic.display.attention.settings.Settings`, such as ``layer=5, head=1``.

        Raises
        ------
        OptionError
            If a setting is unknown, or there is no such layer, head or token.
        """
        from bertmagic.widgets.attention import AttentionView

        return AttentionView(self, **state)  # type: ignore[arg-type]  # attention maps are the one result with a view

    def _exported(self, kind: str, path: str | Path | None, state: dict[str, Any]) -> str | bytes:
        """Return what the view shows in a state as a file of a kind, and write it if a path is given."""
        from bertmagic.display.attention import export

        return export(self, kind, path, **state)  # type: ignore[arg-type]

    def _page(self, state: Any, title: str) -> str:
        """Return the view as a page of its own, whose script is the widget's."""
        from bertmagic.widgets.page import page

        return page(self, state, title)  # type: ignore[arg-type]
