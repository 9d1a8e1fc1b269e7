"""An encoder without a head: nothing is learned or predicted, but its vectors and its attention can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from bertmagic.errors import ModelError
from bertmagic.inference import embedding
from bertmagic.models import loading
from bertmagic.tasks.base import Task
from bertmagic.tasks.description import Description
from bertmagic.tasks.feature_extraction.usage import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from transformers import PreTrainedTokenizerBase

    from bertmagic.data.tables import Table
    from bertmagic.data.tokens import Tokens
    from bertmagic.models.card import Usage


def _refuse(*given: Any, **known: Any) -> NoReturn:
    """Raise the error of all that needs a head.

    Raises
    ------
    ModelError
        Always.
    """
    raise ModelError(
        "this model is an encoder without a head: it predicts no label and no next sentence, and fills no mask.",
        "Fine-tune it with %%bert_finetune NAME, or pre-train it with %%bert_pretrain NAME (nsp = True for "
        "next sentences); both take it as model = … As it is, it has %bert_attention, %bert_similar and "
        "model.embed(texts).",
    )


@dataclass(frozen=True)
class FeatureExtraction(Task):
    """The vectors of texts, as the last layer of an encoder has them."""

    name: ClassVar[str] = "feature_extraction"
    validation_metrics: ClassVar[tuple[str, ...]] = ()
    has_row_outcomes: ClassVar[bool] = False
    usage: ClassVar[Usage] = USAGE

    columns = read = examples = encode = feed = objective = metrics = report = predictions = _refuse

    @classmethod
    def fits(cls, table: Table, asked: Mapping[str, Any]) -> bool:
        """Return False: no table is for a model that learns nothing."""
        return False

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> FeatureExtraction:
        """Return the task, which has no values."""
        return cls()

    def card(self) -> dict[str, Any]:
        """Return nothing: the task has no values."""
        return {}

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> loading.Loaded:
        """Load the encoder."""
        network, new, summary = loading.opened(folder, "none", **changes)
        return loading.Loaded(network, frozenset(new), f"{summary}, no head")

    outputs = staticmethod(embedding.hidden_states)

    def describe(
        self, scores: torch.Tensor, sample: Tokens, texts: list[str], tokenizer: PreTrainedTokenizerBase
    ) -> Description:
        """Return an empty description: nothing is predicted."""
        return Description()
