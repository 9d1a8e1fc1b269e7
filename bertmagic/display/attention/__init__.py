"""Attention maps without a live view: in words, as a picture in the notebook, and as files.

`settings` is the state of the view, `matrix` the numbers on screen in that state. `pictures` draws them on an SVG file
(`svg`) or on a bitmap (`bitmap`), in the sizes, colours and words of ``design.json``, which the live view's
JavaScript reads too. `files` exports, `static` is the output that stays in a notebook.
"""

from bertmagic.display.attention.files import export

__all__ = ["export"]
