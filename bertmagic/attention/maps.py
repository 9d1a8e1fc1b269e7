"""Attention maps of one text: the result that users get."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.errors import ModelError, OptionError, count
from bertmagic.result import ViewedResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.attention.comparison import Comparison

    Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or the merged tokens of a word.

    Attributes
    ----------
    text
        Its characters in the user's text; for a special token its name.
    piece
        The word piece in the vocabulary, with its ``##`` or ``Ġ``; for a word, its pieces joined by spaces.
    start, end
        Character offsets in its own text; 0 and 0 for special tokens.
    word
        The index of its word, counted over both texts; -1 for special tokens.
    sentence
        0 for the first text, 1 for the second; -1 for special tokens.
    unknown
        The name of the unknown token, such as ``[UNK]``, if the model reads it in place of these characters; else "".
    """

    text: str
    piece: str
    start: int
    end: int
    word: int
    sentence: int
    unknown: str = ""


@dataclass(frozen=True)
class Layer:
    """What one layer computed besides its attention weights.

    Attributes
    ----------
    query, key, value
        Of shape ``(heads, tokens, head width)``; None if they cannot be captured from the model.
    scale
        The factor of the products of queries and keys.
    bias
        The term added to the scaled products, ``(1 or heads, tokens, tokens)``; None if there is none.
    allowed
        The attention mask, ``(tokens, tokens)``: True where a token may attend; None if every pair is allowed.
    norms
        The norm of each token's value after the head's part of the output projection, ``(heads, tokens)``.
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
    """How one head computes its weights: ``weights = softmax(scores)``; its output is ``weights @ value``.

    Attributes
    ----------
    query, key, value
        Of shape ``(tokens, head width)``; None if they are not available.
    scores
        ``query @ key.T * scale + bias``, of shape ``(tokens, tokens)``; ``-inf`` where the mask forbids attention.
    bias
        The model's term for relative positions, ``(tokens, tokens)``; None if it has none.
    scale
        ``1 / sqrt(head width)``, or the model's own factor.
    why_not
        Why something is not available; empty if everything is.
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
class AttentionMaps(ViewedResult):
    """The attention weights of every head of a model for one text, or for a pair of texts.

    Attributes
    ----------
    array
        The weights, float32 of shape ``(layers, heads, tokens, tokens)``: a row for the token that attends, a column
        for the token attended to. Rows sum to 1.
    tokens
        The tokens of the rows and columns.
    text, pair
        The texts; ``pair`` is None for a single text.
    model, encoder
        The name of the model, and of the encoder that it was fine-tuned from.
    cut
        How many tokens were truncated, because the text is longer than the model's maximum length.
    prediction
        Classes with their probability, the most probable first; empty if the task has no class probabilities.
    said
        The model's output for the text, in one line.
    notes
        Warnings.
    outputs
        The names of the outputs whose gradient `mixed` and `head_statistics` can take; the first is the prediction.
    comparison
        The differences from another model or another text, if they were asked for.
    layers
        What the layers computed besides their weights; `detail` reads it.
    rotated
        Whether positions are encoded by rotating queries and keys.
    gradients
        Runs the model again and returns the result of `gradient`.
    source, places
        For maps of words: the maps of tokens, and the positions of the tokens of each word.
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
        """The number of layers, heads and tokens."""
        layers, heads, tokens, _ = self.array.shape
        return layers, heads, tokens

    def detail(self, layer: int, head: int) -> Detail:
        """Return how one head computes its weights.

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
            return Detail(why_not="A word of several tokens has no query or key of its own. Look at tokens.")
        kept = self.layers[layer] if self.layers else Layer()
        if kept.query is None or kept.key is None or kept.value is None:
            return Detail(why_not=f"{self.encoder} has its own attention code: only its weights could be captured.")
        query, key, value = kept.query[head], kept.key[head], kept.value[head]
        bias = None if kept.bias is None else kept.bias[head % len(kept.bias)]
        scores = query @ key.T * np.float32(kept.scale)
        if bias is not None:
            scores = scores + bias
        if kept.allowed is not None:
            scores = np.where(kept.allowed, scores, np.float32(-math.inf))
        return Detail(query, key, value, scores, bias, kept.scale, note=_ROTATED if self.rotated else "")

    def mixed(self, method: str = "weights", output: str | None = None) -> Floats:
        """Return the maps of a mixing method.

        Parameters
        ----------
        method
            One of `bertmagic.attention.METHODS`.
        output
            For ``gradient``: one of `outputs`; by default the first.

        Returns
        -------
        ndarray
            Of the shape of ``array``; with one head if the method combines all heads of a layer.

        Raises
        ------
        OptionError
            If there is no such method or output.
        ModelError
            If what the method needs was not captured.
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
            Whether to compute ``importance`` too. It needs a gradient, so the model runs again.
        output
            The output whose gradient gives the importance, one of `outputs`; by default the first.

        Raises
        ------
        ModelError
            If the gradient needs the model and it is no longer in memory.
        """
        from bertmagic.attention.statistics import of_heads

        return of_heads(self, gradient, output)

    def merged(self) -> AttentionMaps:
        """Return the maps of whole words.

        Weights to the pieces of a word are summed, weights from its pieces averaged (Clark et al. 2019, section 4.1),
        so that rows sum to 1 again.
        """
        from bertmagic.attention.words import merged, word_groups

        return self if self.source is not None else merged(self, word_groups(self.tokens))

    def compare(self, other: AttentionMaps) -> Comparison:
        """Return the differences from other maps: of another model, or of another text.

        Raises
        ------
        DataError
            If one model truncated the text before the other.
        ModelError
            If the models differ in their number of layers or heads.
        """
        from bertmagic.attention.comparison import compare

        return compare(self, other)

    def beside(self, other: AttentionMaps) -> AttentionMaps:
        """Return these maps with their `comparison` with other maps; see `compare`."""
        return replace(self, comparison=self.compare(other))

    def to_svg(self, path: str | Path | None = None, **state: Any) -> str:
        """Return what the view shows as SVG, and write it to a file if a path is given.

        Parameters
        ----------
        path
            The file to write.
        state
            Settings as for `view`, for example ``layer=5, head=1, pictures="heat map"``.

        Raises
        ------
        OptionError
            If a setting is unknown, there is no such layer, head or token, or the file cannot be written.
        """
        return str(self._exported("svg", path, state))

    def to_png(self, path: str | Path | None = None, **state: Any) -> bytes:
        """Return what the view shows as PNG; see `to_svg`.

        Letters beyond ASCII need a font of this computer, such as DejaVu Sans, Noto Sans CJK, Segoe UI or Arial
        Unicode. Without one, a missing letter is ``?``, a token of missing letters its position (``#5``), and a line
        below the picture says so. An SVG has all letters.
        """
        return self._exported("png", path, state)  # type: ignore[return-value]

    def to_html(self, path: str | Path | None = None, **state: Any) -> str:
        """Return the view as a page that needs neither kernel nor network; see `to_svg`.

        It contains the heads of all layers if they take up to 3 MB, else those of the layer on screen, and the exact
        numbers of what is on screen.
        """
        return str(self._exported("html", path, state))

    def to_csv(self, path: str | Path | None = None, **state: Any) -> str:
        """Return the matrix that the view shows as a table: a row attends, a column is attended to; see `to_svg`.

        A name that a spreadsheet might compute (``=1+1``), or that begins with an apostrophe, gets an apostrophe before
        it. Remove one from each name that begins with one, and all names are as they were.
        """
        return str(self._exported("csv", path, state))

    def check(self, layer: int, head: int) -> None:
        """Raise an `OptionError` if there is no such layer or head."""
        layers, heads, _ = self.shape
        for name, given, size in (("layer", layer, layers), ("head", head, heads)):
            if not 0 <= given < size:
                raise OptionError(
                    f"there is no {name} {given} in {self.model!r}: it has {count(size, name)}.",
                    f"Give a {name} from 0 to {size - 1}.",
                )

    def gradient(self, output: str | None = None) -> Floats:
        """Return the gradient of an output's logit by each weight, of the shape of ``array``.

        Raises
        ------
        OptionError
            If the model has no such output.
        ModelError
            If the model is no longer in memory.
        """
        if self.gradients is None:
            raise ModelError(
                f"these maps of {self.model!r} cannot run it again for gradients.", "Capture its attention again."
            )
        return self.gradients(output)


_ROTATED = "Query and key are shown after the rotary position embedding (Su et al. 2021)."
