"""The attention of a model to one text: the result that users get."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.errors import ModelError, OptionError
from bertmagic.result import PublishedResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.comparison import Comparison
    from bertmagic.widgets.attention import AttentionView

    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or a word that tokens were merged to.

    Attributes
    ----------
    text
        What stands in the user's text; the name of a special token.
    piece
        The piece of the tokenizer, with its ``##`` or ``Ġ``; of a word, its pieces with a space between.
    start, end
        Characters in its own text; 0 and 0 for special tokens.
    word
        The number of its word, counted over both texts; -1 for special tokens.
    sentence
        0 for the first text, 1 for the second; -1 for special tokens.
    """

    text: str
    piece: str
    start: int
    end: int
    word: int
    sentence: int


@dataclass(frozen=True)
class Layer:
    """What one layer computed beside its weights.

    Attributes
    ----------
    query, key, value
        Of shape ``(heads, tokens, width)``; None where the model does not show them.
    scale
        What the products of queries and keys are multiplied with.
    bias
        What is added to the scaled products, ``(1 or heads, tokens, tokens)``; None where nothing is.
    allowed
        True where a token may look, ``(tokens, tokens)``; None where all may look everywhere.
    norms
        The length of each token's value behind the linear map of the head, ``(heads, tokens)``.
    """

    query: Floats | None = None
    key: Floats | None = None
    value: Floats | None = None
    scale: float = 1.0
    bias: Floats | None = None
    allowed: npt.NDArray[np.bool_] | None = None
    norms: Floats | None = None


@dataclass(frozen=True)
class Detail:
    """How the weights of one head come about: ``weights = softmax(scores)``, and ``weights @ value`` is its output.

    Attributes
    ----------
    query, key, value
        Of shape ``(tokens, width of a head)``; None where they are not available.
    scores
        ``query @ key.T * scale + bias``, of shape ``(tokens, tokens)``; ``-inf`` where a token may not look.
    bias
        The term for positions, of the same shape; None where the model adds none.
    scale
        ``1 / sqrt(width of a head)``, or what the model takes instead.
    why_not
        Why something is not available; empty where everything is.
    note
        What the formula does not show, such as a rotation.
    """

    query: Floats | None = None
    key: Floats | None = None
    value: Floats | None = None
    scores: Floats | None = None
    bias: Floats | None = None
    scale: float = 1.0
    why_not: str = ""
    note: str = ""


@dataclass(frozen=True, repr=False)
class AttentionMaps(PublishedResult):
    """What every head of a model attends to in one text, or in a pair of texts.

    Attributes
    ----------
    array
        The weights, float32 of shape ``(layers, heads, tokens, tokens)``: a row for the token that attends, a column
        for the one attended to. Rows sum to 1.
    tokens
        One a row.
    text, pair
        The texts; ``pair`` is None where there is one.
    model, encoder
        The name of the model, and what it was made from.
    cut
        How many tokens did not fit and were left out.
    prediction
        Classes with their probability, the most probable first; empty where the model gives none.
    said
        What the model says of the text, in one line.
    notes
        What the user should know.
    outputs
        What `mixed` and `head_statistics` can take the gradient of; the first is what the model says.
    comparison
        The differences from another model, or another text, where these were asked for.
    layers
        What the layers computed beside their weights; `detail` reads it.
    rotated
        Whether queries and keys are rotated by their positions.
    gradients
        Runs the model again and returns `gradient`.
    source, places
        Of maps of words: those of the tokens, and which of these each word has.
    """

    array: Floats
    tokens: tuple[Token, ...]
    text: str
    pair: str | None
    model: str
    encoder: str
    cut: int = 0
    prediction: tuple[tuple[str, float], ...] = ()
    said: str = ""
    notes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    comparison: Comparison | None = None
    layers: tuple[Layer, ...] = ()
    rotated: bool = False
    gradients: Callable[[str | None], Floats] | None = field(default=None, compare=False)
    source: AttentionMaps | None = None
    places: tuple[tuple[int, ...], ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many layers, heads and tokens there are."""
        layers, heads, tokens, _ = self.array.shape
        return layers, heads, tokens

    def detail(self, layer: int, head: int) -> Detail:
        """Return how the weights of one head come about.

        Parameters
        ----------
        layer, head
            Counted from 0.

        Raises
        ------
        OptionError
            If there is no such layer or head.
        """
        self.check(layer, head)
        if self.source is not None:
            return Detail(why_not="Words have no query or key of their own: look at tokens.")
        kept = self.layers[layer] if self.layers else Layer()
        if kept.query is None or kept.key is None or kept.value is None:
            return Detail(why_not=f"{self.encoder} computes attention in a way of its own, of which weights are shown.")
        query, key, value = kept.query[head], kept.key[head], kept.value[head]
        bias = None if kept.bias is None else kept.bias[head % len(kept.bias)]
        scores = query @ key.T * np.float32(kept.scale)
        if bias is not None:
            scores = scores + bias
        if kept.allowed is not None:
            scores = np.where(kept.allowed, scores, np.float32(-math.inf))
        return Detail(query, key, value, scores, bias, kept.scale, note=_ROTATED if self.rotated else "")

    def mixed(self, method: str = "weights", output: str | None = None) -> Floats:
        """Return the maps by another method.

        Parameters
        ----------
        method
            One of `bertmagic.attention.METHODS`.
        output
            For ``gradient``: towards which of `outputs`; by default the first.

        Returns
        -------
        ndarray
            Of the shape of ``array``; with one head where the method makes one of all.

        Raises
        ------
        OptionError
            If there is no such method or output.
        ModelError
            If the model does not show what the method needs.
        """
        from bertmagic.attention.mixing import mixed
        from bertmagic.attention.words import pool

        if self.source is None:
            return mixed(self, method, output)
        return pool(self.source.mixed(method, output), self.places)

    def head_statistics(self, gradient: bool = False, output: str | None = None) -> pd.DataFrame:
        """Return a row for each head: ``layer``, ``head`` and `bertmagic.attention.STATISTICS`.

        Parameters
        ----------
        gradient
            Whether to measure ``importance`` too, for which the model runs again.
        output
            Of which of `outputs` the importance is; by default of the first.

        Raises
        ------
        ModelError
            If the model is needed for the gradient and is gone.
        """
        from bertmagic.attention.statistics import of_heads

        return of_heads(self, gradient, output)

    def merged(self) -> AttentionMaps:
        """Return the maps of whole words.

        The weights to the pieces of a word are added up, those from its pieces averaged (Clark et al. 2019,
        section 4.1), so that rows sum to 1 again.
        """
        from bertmagic.attention.words import gathered, of_words

        return self if self.source is not None else gathered(self, of_words(self.tokens))

    def compare(self, other: AttentionMaps) -> Comparison:
        """Return the differences between these maps and others: of another model, or of another text.

        Raises
        ------
        DataError
            If the two read parts of the text that differ.
        ModelError
            If the models have not as many layers and heads.
        """
        from bertmagic.attention.comparison import compare

        return compare(self, other)

    def beside(self, other: AttentionMaps) -> AttentionMaps:
        """Return these maps with their `comparison` with others; see `compare`."""
        return replace(self, comparison=self.compare(other))

    def to_svg(self, path: str | Path | None = None, **state: Any) -> str:
        """Return what the view shows as SVG, and write it to a file where a path is given.

        Parameters
        ----------
        path
            The file to write.
        state
            As for `view`: ``layer=5, head=1, pictures="heat map"``, say.

        Raises
        ------
        OptionError
            If a setting is unknown or beyond the model, or the file cannot be written.
        """
        return str(self._exported("svg", path, state))

    def to_png(self, path: str | Path | None = None, **state: Any) -> bytes:
        """Return what the view shows as PNG; see `to_svg`.

        Letters other than Latin, Greek and Cyrillic ones are not drawn: a token with such stands as its number.
        """
        return self._exported("png", path, state)  # type: ignore[return-value]

    def to_html(self, path: str | Path | None = None, **state: Any) -> str:
        """Return the view as a page that needs neither kernel nor network; see `to_svg`.

        It has the heads of all layers where these take up to 3 MB, else those of the layer, and exact numbers of what
        is on screen.
        """
        return str(self._exported("html", path, state))

    def to_csv(self, path: str | Path | None = None, **state: Any) -> str:
        """Return the matrix that the view shows as a table: a row attends, a column is attended to; see `to_svg`.

        A name that a spreadsheet might compute (``=1+1``), or that begins with an apostrophe, has an apostrophe put
        before it. Take one away from each name that begins with one, and all names are as they were.
        """
        return str(self._exported("csv", path, state))

    def _exported(self, kind: str, path: str | Path | None, state: dict[str, Any]) -> str | bytes:
        from bertmagic.display.attention import export

        return export(self, kind, path, **state)

    def view(self, **state: Any) -> AttentionView:
        """Return the live view, a widget that shows itself where notebooks show widgets.

        Parameters
        ----------
        state
            How it opens: names of `bertmagic.display.attention.settings.Settings`, as in ``layer=5, head=1``.

        Raises
        ------
        OptionError
            If a setting is unknown or beyond the model.
        """
        from bertmagic.widgets.attention import AttentionView

        return AttentionView(self, **state)

    def check(self, layer: int, head: int) -> None:
        """Raise an `OptionError` if there is no such layer or head."""
        layers, heads, _ = self.shape
        for name, given, most in (("layer", layer, layers), ("head", head, heads)):
            if not 0 <= given < most:
                raise OptionError(
                    f"there is no {name} {given} in {self.model!r}: it has {most} of them.",
                    f"Give a {name} from 0 to {most - 1}.",
                )

    def gradient(self, output: str | None = None) -> Floats:
        """Return how fast an output rises with each weight, of the shape of ``array``.

        Raises
        ------
        OptionError
            If the model has no such output.
        ModelError
            If the model is gone.
        """
        if self.gradients is None:
            raise ModelError(f"no gradients of {self.model!r} can be taken.", "Capture its attention again.")
        return self.gradients(output)


_ROTATED = "Positions are turned into queries and keys (rotary embedding, Su et al. 2021); both are shown after that."
