"""What every result shares: it shows itself through `bertmagic.display`, imported when it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Result:
    """A result with a static text and a static HTML face."""

    __slots__ = ()

    def __repr__(self) -> str:
        from bertmagic.display import text

        return text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from bertmagic.display import bundle

        return bundle(self)


class ExportableResult(Result):
    """A result that can be taken along, to a page, a text or a paper."""

    __slots__ = ()

    def to_html(self, path: str | Path) -> Path:
        """Write a page with all that is shown, figures as inline SVG; it needs no network and no script."""
        from bertmagic.display import export

        path = Path(path).expanduser()
        path.write_text(export.page(self), encoding="utf-8")
        return path

    def to_markdown(self) -> str:
        """Return the tables as Markdown, as GitHub reads it."""
        from bertmagic.display import export

        return export.markdown(self)

    def to_latex(self) -> str:
        """Return the tables as LaTeX, for the package ``booktabs``."""
        from bertmagic.display import export

        return export.latex(self)
