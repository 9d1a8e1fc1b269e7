"""Attention weights of an encoder: captured, mixed, measured and compared. Nothing here draws.

`capture` records the attention of any model while it runs, and `maps` is the result that users get. `mixing`,
`statistics`, `words` and `comparison` compute with it. `METHODS` and `STATISTICS` list the names of mixing methods and
head statistics in their order.
"""

from bertmagic.attention.mixing import METHODS
from bertmagic.attention.statistics import STATISTICS

__all__ = ["METHODS", "STATISTICS"]
