"""What a model attends to: captured from any encoder as it is, mixed, measured and compared; never drawn.

`capture` runs a model and keeps what its attention computes, `maps` is the result that users get, and `mixing`,
`statistics`, `words` and `comparison` are what can be made of it. `METHODS` and `STATISTICS` name them, in order.
"""

from bertmagic.attention.mixing import METHODS
from bertmagic.attention.statistics import STATISTICS

__all__ = ["METHODS", "STATISTICS"]
