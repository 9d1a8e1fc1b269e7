"""The one table of options, and the errors that are read off it."""

import inspect
import math
from pathlib import Path

import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import OptionError
from bertmagic.options import document
from bertmagic.options.ranges import HOW

ALL = [(name, entry) for name, command in options.COMMANDS.items() for entry in command.options]
NUMBERS = [entry for _, entry in ALL if entry.kind in ("int", "float")]


def read(**given):
    return options.read(options.Finetune, {"train": "x", **given})


@pytest.mark.parametrize(("command", "entry"), ALL, ids=lambda value: getattr(value, "name", value))
def test_every_option_says_what_it_is(command, entry):
    assert entry.help.endswith(".")
    assert len(entry.help) < 130
    assert entry.help[0].isupper() or entry.help.split(",")[0].islower()
    if entry.kind == "choice":
        assert entry.choices
        assert entry.default == () if entry.many else entry.default in (*entry.choices, None)
    if entry.kind in ("int", "float") and isinstance(entry.default, int | float):
        assert entry.low <= entry.default <= entry.high


def test_the_options_of_the_issue_are_there():
    wanted = (
        "train text label validation test model task epochs max_steps lr batch_size max_length warmup weight_decay "
        "gradient_accumulation_steps gradient_checkpointing max_grad_norm layerwise_lr_decay label_smoothing ema_decay "
        "checkpoint_every checkpoint_minutes schedule seed eval_every resume background patience metric "
        "class_weights freeze device precision save_to"
    )
    assert set(wanted.split()) <= {entry.name for entry in options.table(options.Finetune)}


def test_the_signature_of_finetune_is_the_table():
    parameters = inspect.signature(bm.finetune).parameters
    assert {entry.name for entry in options.table(options.Finetune)} <= set(parameters)
    assert next(iter(parameters)) == "train"
    for entry in options.table(options.Finetune):
        if entry.name != "train":
            assert parameters[entry.name].kind is inspect.Parameter.KEYWORD_ONLY
            assert parameters[entry.name].default == entry.default
    assert not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())


@pytest.mark.parametrize("command", options.COMMANDS.values(), ids=lambda command: command.magic)
def test_every_command_has_its_function(command):
    place = bm
    for part in command.function.split("."):
        place = getattr(place, part)
    assert callable(place)
    assert set(command.positional) <= {entry.name for entry in command.options}
    assert command.examples
    assert command.summary.endswith(".")


@pytest.mark.parametrize("entry", NUMBERS, ids=lambda entry: entry.name)
def test_ranges_are_enforced_at_both_ends(entry):
    for edge, beyond in ((entry.low, entry.low - 1), (entry.high, entry.high + 1)):
        if math.isfinite(edge):
            assert options.check(entry, edge) == edge
            with pytest.raises(OptionError, match=f"^{entry.name} = "):
                options.check(entry, beyond)
    for odd in ("many", [1], True, float("nan"), float("inf"), 10**400):
        with pytest.raises(OptionError, match=f"^{entry.name} = ") as caught:
            options.check(entry, odd)
        assert caught.value.fix == (f"Write {HOW}." if entry.searchable and odd == [1] else entry.help)
    if entry.kind == "int":
        with pytest.raises(OptionError, match="not a whole number"):
            options.check(entry, max(entry.low, 1) + 0.5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epcohs": 3}, "there is no option 'epcohs'. Did you mean 'epochs'?"),
        ({"learning": 3}, "there is no option 'learning'."),
        ({"schedule": "liner"}, "schedule = 'liner' is not one of linear, cosine, constant. Did you mean 'linear'?"),
        ({"metric": "f2"}, "metric = 'f2' is not one of macro_f1, accuracy"),
        ({"name": "my model"}, "name = 'my model' is not a Python name"),
        ({"name": "class"}, "name = 'class' is not a Python name"),
        ({"validation": 0.7}, "validation = 0.7 is not between 0 and 0.5"),
        ({"validation": True}, "validation = True is not a share or a data set"),
        ({"freeze": "head"}, "freeze = 'head' is not 'embeddings', 'encoder' or a number of layers"),
        ({"freeze": -1}, "freeze = -1 is not"),
        ({"resume": "maybe"}, "resume = 'maybe' is not True or False"),
        ({"text": 5}, "text = 5 is not a text"),
        ({"text": ""}, "text = '' is not a text"),
        ({"train": None}, "'train' is missing"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_was_expected(given, message):
    with pytest.raises(OptionError) as caught:
        read(**given)
    assert message in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("epochs", "2.5", 2.5), ("max_steps", "10", 10), ("max_steps", 10.0, 10), ("batch_size", 16, 16),
        ("validation", "0.2", 0.2), ("validation", 0, 0.0), ("validation", "dev.csv", "dev.csv"),
        ("freeze", "3", 3), ("freeze", "encoder", "encoder"), ("freeze", 0, 0), ("eval_every", "epoch", None),
        ("resume", "no", False), ("resume", True, True), ("seed", 0, 0), ("lr", None, None), ("warmup", 100, 100),
    ],
)  # fmt: skip
def test_values_are_read_as_their_kind(name, given, expected):
    value = getattr(read(**{name: given}), name)
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, float)


def test_numbers_and_paths_of_other_libraries_are_read(tmp_path):
    import numpy as np

    chosen = read(epochs=np.float32(2), max_steps=np.int64(7), save_to=tmp_path)
    assert (chosen.epochs, chosen.max_steps, chosen.save_to) == (2.0, 7, str(tmp_path))


def test_an_option_that_may_repeat_takes_one_or_several():
    for given, expected in (("language", ("language",)), (["a", "b"], ("a", "b"))):
        assert options.read(options.commands.Evaluate, {"data": 1, "by": given}).by == expected


def test_slices_may_be_functions_that_were_read_by_themselves():
    for given, expected in ((len, (len,)), (["a", (len,)], ("a", len)), ([(len,), (min,)], (len, min))):
        assert options.read(options.commands.Evaluate, {"data": 1, "by": given}).by == expected


def test_defaults_need_no_value():
    chosen = read()
    assert (chosen.epochs, chosen.validation, chosen.seed, chosen.precision) == (None, None, 0, "auto")


@pytest.mark.parametrize("name", document.PAGES)
def test_the_generated_pages_are_those_of_the_table(name):
    """Written by ``python -m bertmagic.options.document docs/NAME``."""
    page = Path(__file__).parent.parent / "docs" / name
    assert page.read_text(encoding="utf-8") == document.PAGES[name]()


@pytest.mark.parametrize("command", [options.Finetune, options.Pretrain, options.Tune])
def test_every_setting_of_training_has_a_reason(command):
    own = ("max_steps", "timeout", "task")  # the user's, or what is inferred
    kinds = ("int", "float", "steps", "choice", "freeze")
    settings = [entry for entry in options.table(command) if entry.kind in kinds and entry.name not in own]
    assert [entry.name for entry in settings if not entry.reason] == []


def test_everything_that_can_be_searched_says_what_to_try_when_the_curves_look_so():
    entries = {entry.name: entry for entry in options.table(options.Tune)}
    assert [name for name in options.Tune.searched if not entries[name].when_to_change] == []


def test_flags_are_spelled_with_dashes():
    flags = {entry.name: entry.long for entry in options.table(options.Finetune)}
    assert flags["batch_size"] == "--batch-size"
    assert {entry.name: entry.long for entry in options.table(options.commands.Load)}["name"] == "--as"
