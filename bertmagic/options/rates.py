"""One way to write a learning rate: ``1e-4``, ``2.5e-5``, ``0.05``."""

from __future__ import annotations

import math


def rate_text(value: float, digits: int = 3) -> str:
    """Return a learning rate with at most ``digits`` significant digits; below 0.01 with an exponent.

    >>> rate_text(0.0001), rate_text(3.162e-5), rate_text(0.05), rate_text(0.0)
    ('1e-4', '3.16e-5', '0.05', '0')
    """
    if value == 0 or not math.isfinite(value) or abs(value) >= 0.00999:
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    plain = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{plain}e{int(exponent)}"
