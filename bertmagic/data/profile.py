"""What the texts of a data set are like for an encoder: their languages, their lengths, and which it cannot read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.data import languages
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.rows import TextRows
    from bertmagic.data.tokens import Tokens

UNKNOWN = 0.3
"""The share of ``[UNK]`` tokens above which an encoder cannot read a text: an emoji or two in a sentence are less."""

_MOST = 10_000
"""How many rows are looked at."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Half of the texts are no longer than ``median``, 95 % than ``most``, and all than ``longest``; in ``unit``."""

    median: int
    most: int
    longest: int
    unit: str = "tokens"

    @property
    def sentence(self) -> str:
        """The lengths in a sentence."""
        return f"Lengths in {self.unit}: median {self.median:,}, 95 % up to {self.most:,}, longest {self.longest:,}."


@dataclass(frozen=True, slots=True)
class TextProfile:
    """The languages of texts, and which of these an encoder cannot read.

    Attributes
    ----------
    encoder
        Its name.
    rows
        How many rows were looked at: all, or 10,000 of more.
    languages
        The share of rows in each language, the most frequent first, and last that of unrecognized ones.
    foreign
        How many rows are in each language that the encoder was not trained on.
    unknown
        In how many rows more than 30 % of the tokens are ``[UNK]``.
    unread, examples
        How many rows are one or the other, and the first of them by the user's index.
    """

    encoder: str
    rows: int
    languages: Mapping[str, float]
    foreign: Mapping[str, int]
    unknown: int
    unread: int
    examples: tuple[object, ...] = ()

    @property
    def about_languages(self) -> str:
        """The languages in a sentence."""
        named = [f"{name} {_percent(share)}" for name, share in self.languages.items() if name != languages.OTHER]
        other = self.languages.get(languages.OTHER, 0.0)
        rest = [f"not recognized {_percent(other)}"] if other else []
        return f"Languages (guessed): {', '.join([*named[:6], *rest])}."

    @property
    def verdict(self) -> str:
        """What share of the rows the encoder cannot read, in a short sentence."""
        if not self.unread:
            return f"{self.encoder} can read all of them."
        if self.unread < 0.01 * self.rows:
            return f"{self.encoder} can read all but {self.unread:,} of {self.rows:,} rows."
        return f"{self.encoder} cannot read {_percent(self.unread / self.rows)} of the rows."

    @property
    def about_reading(self) -> str:
        """How many rows the encoder cannot read, and why; empty if it can read all."""
        if not self.unread:
            return ""
        whys = [f"{many:,} in {name}" for name, many in self.foreign.items()]
        whys += [f"{self.unknown:,} with more than {UNKNOWN:.0%} unknown tokens"] if self.unknown else []
        looked_at = f"{self.unread:,} of {count(self.rows, 'row')} ({_percent(self.unread / self.rows)})"
        return f"{self.encoder} cannot read {looked_at}: {', '.join(whys)}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def lengths(tokens: npt.NDArray[np.int64], unit: str = "tokens") -> Lengths:
    """Return how long texts are."""
    import numpy as np

    median, most = (int(np.ceil(np.percentile(tokens, part))) for part in (50, 95))
    return Lengths(median, most, int(tokens.max()), unit)


def profile(
    rows: TextRows,
    encoder: str,
    known: Collection[str] | None,
    tokens: Tokens | None = None,
    unknown: int | None = None,
) -> TextProfile:
    """Return what texts are like for an encoder.

    Parameters
    ----------
    known
        The languages that the encoder was trained on; None for all, or if that is not known.
    tokens
        The tokens of the rows; None if unknown tokens are not to be looked for.
    unknown
        The id of ``[UNK]``.
    """
    import numpy as np

    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).astype(np.int64))
    spoken = languages.of_texts(rows.text(at) for at in chosen.tolist())
    foreign = np.asarray([known is not None and name not in (*known, languages.OTHER) for name in spoken], bool)
    strange = np.zeros(len(chosen), bool)
    if tokens is not None and unknown is not None:
        strange = _unknown_shares(tokens, chosen, unknown) > UNKNOWN
    unread = np.flatnonzero(foreign | strange)
    abroad = Counter(name for name, is_foreign in zip(spoken, foreign, strict=True) if is_foreign)
    return TextProfile(
        encoder, len(chosen), languages.shares(spoken), dict(abroad.most_common()), int(strange.sum()), len(unread),
        tuple(rows.index[chosen[unread[:5]]]),
    )  # fmt: skip


def _unknown_shares(tokens: Tokens, rows: npt.NDArray[np.int64], unknown: int) -> npt.NDArray[np.float64]:
    """Return the share of unknown tokens in the first window of rows, without the two special tokens around it."""
    import numpy as np

    samples = rows if tokens.windows is None else tokens.windows[:-1][rows]
    sizes = tokens.lengths_of(samples)
    is_unknown = (tokens.ids[tokens.positions(samples)] == unknown).astype(np.int64)
    strange = np.add.reduceat(is_unknown, np.cumsum(sizes) - sizes)
    return strange / np.maximum(sizes - 2, 1)
