"""What every result shares: it shows itself through `bertmagic.display`, imported when it is shown."""

from __future__ import annotations

from typing import Any


class Shown:
    """A result with a static text and a static HTML face."""

    __slots__ = ()

    def __repr__(self) -> str:
        from bertmagic.display import text

        return text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from bertmagic.display import bundle

        return bundle(self)
