"""Attention in static form: in words, as a picture in the notebook, and as files.

`settings` is the state that all of them show, `shown` the numbers on screen in it, `pictures` draws these on any
surface, and `export` writes files. The live view shows the same in the page.
"""

from bertmagic.display.attention.files import export
from bertmagic.display.attention.static import below, live, markup, text

__all__ = ["below", "export", "live", "markup", "text"]
