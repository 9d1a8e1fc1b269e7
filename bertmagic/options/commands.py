"""All commands: their options, positional arguments, cell bodies and examples."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, Literal

from bertmagic.options.entry import Option, option, table
from bertmagic.options.learning import Finetune, Pretrain, Tune
from bertmagic.options.using import (
    Attention,
    Check,
    Compare,
    Evaluate,
    Fill,
    Load,
    Models,
    NextSentence,
    Panel,
    Predict,
    Runs,
    Save,
    Status,
    Unload,
)


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Flags of every magic."""

    out: str | None = option(None, "name", "Bind the result to this variable.", short="-o")
    show_code: bool = option(False, "flag", "Print the equivalent Python instead of running it.")
    help: bool = option(False, "flag", "Show this page.", short="-h")


@dataclass(frozen=True)
class Command:
    """A magic, its options, and how they are typed.

    Attributes
    ----------
    magic
        The name of the magic without percent signs.
    function
        The function of `bertmagic.api`, or the method of `TextModel`, that the magic calls.
    table
        The dataclass of the options.
    positional
        The options that can be typed without a flag, in order.
    body
        The content of the cell body: assignments of options, one text per line, or nothing.
    examples
        Example cells for the help page.
    """

    magic: str
    function: str
    table: type[Any]
    positional: tuple[str, ...] = ()
    body: Literal["options", "texts", "none"] = "none"
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the help page."""
        return inspect.getdoc(self.table) or ""

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of the command, without those of `Shell`."""
        return table(self.table)


COMMANDS: dict[str, Command] = {
    command.magic: command
    for command in (
        Command("bert_finetune", "finetune", Finetune, ("name",), "options", (
            '%%bert_finetune sentiment\ntrain = reviews\ntext  = "review"\nlabel = "stars"\nepochs = 3',
            "%bert_finetune quick --train sample:reviews --label sentiment --max-steps 50",
        )),
        Command("bert_tune", "tune", Tune, ("name",), "options", (
            '%%bert_tune better\ntrain = reviews\nlabel = "stars"\nlr = log(1e-5, 1e-3)\n'
            "batch_size = choice(16, 32, 64)\nepochs = between(1, 4)\ntrials = 20",
            '%bert_tune --train reviews --label stars --lr-find',
        )),
        Command("bert_pretrain", "pretrain", Pretrain, ("name",), "options", (
            '%%bert_pretrain reuters\ntrain = news\ntext  = "body"\nmodel = "minilm"\nepochs = 1',
            '%%bert_pretrain own\ntrain = "books/*.txt"\nnsp   = True\nwhole_words = True',
            "%%bert_finetune topics\ntrain = labelled\nmodel = reuters",
        )),
        Command("bert_fill", "TextModel.fill", Fill, ("texts",), "texts", (
            '%bert_fill "The bank raised its [MASK] rates." -m reuters --top-k 10',
            '%bert_fill "Prices [MASK] in May." --candidates "rose, fell"',
            "%%bert_fill -m reuters\nProfit [MASK] to 3 mln dlrs.\nThe [MASK] of [MASK] met.",
        )),
        Command("bert_next", "TextModel.next_sentence", NextSentence, ("first", "second"), "none", (
            '%bert_next "The train was late." "We waited for an hour." -m own',
        )),
        Command("bert_predict", "TextModel.predict", Predict, ("texts",), "texts", (
            '%bert_predict "I would buy it again" -m sentiment',
            "table = %bert_predict df.review -m sentiment",
            "%%bert_predict -m sentiment -o answers\nNever again.\nWorth every cent.",
            "%bert_predict --file reviews.csv --text review",
        )),
        Command("bert_attention", "TextModel.attention", Attention, ("text", "pair"), "texts", (
            '%bert_attention "The trophy did not fit because it was too big." -m sentiment',
            '%bert_attention "A dog barks." "An animal is heard." -m pairs --compare base',
            'maps = %bert_attention review --compare-text "It was not bad." -m sentiment',
            "%%bert_attention -m pairs\nA dog barks. ||| An animal is heard.",
        )),
        Command("bert_evaluate", "TextModel.evaluate", Evaluate, ("data",), "none", (
            "%bert_evaluate sample:reviews@test -m sentiment",
            "%bert_evaluate test_df -m sentiment --by language --at precision=0.95",
            "%bert_evaluate test_df -m sentiment --by {lambda row: len(row.text) > 200}",
            "%bert_evaluate test_df -m sentiment --probe identity --label-issues --train train_df",
        )),
        Command("bert_load", "load", Load, ("ref",), "none", (
            "%bert_load sentiment",
            "%bert_load models/sentiment --as clf",
            "%bert_load distilbert-base-uncased-finetuned-sst-2-english --as sst",
        )),
        Command("bert_unload", "TextModel.unload", Unload, ("name",), "none", ("%bert_unload sentiment",)),
        Command("bert_save", "TextModel.save", Save, ("name", "path"), "none", (
            "%bert_save sentiment models/sentiment",
        )),
        Command("bert_data", "check", Check, ("data",), "none", (
            "%bert_data sample:reviews --label sentiment",
            "%bert_data reviews.csv --text review --label stars",
        )),
        Command("bert_models", "catalogue", Models, ("data",), "none", (
            "%bert_models", "%bert_models reviews --text review --label stars --try 3",
        )),
        Command("bert_compare", "compare", Compare, ("models", "data"), "none", (
            "%bert_compare sentiment quick sample:reviews@test",
            "%bert_compare sentiment majority tfidf test_df --train train_df --price 1.2",
        )),
        Command("bert_runs", "runs", Runs, ("names",), "none", (
            "%bert_runs",
            "%bert_runs --task classification --sort macro_f1",
            "%bert_runs sent* --against seconds",
            "%bert_runs --diff monday tuesday",
        )),
        Command("bert_panel", "panel", Panel, ("data",), "none", (
            "%bert_panel reviews --text review --label stars",
        )),
        Command("bert_status", "status", Status, (), "none", ("%bert_status",)),
    )
}  # fmt: skip
