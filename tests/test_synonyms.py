"""Names of options in other tools and in earlier versions."""

import inspect
import warnings

import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import OptionError
from bertmagic.magics import body, line
from bertmagic.options import synonyms
from bertmagic.options.document import page
from bertmagic.run import checkpoints, records

KNOWN = {entry.name: entry for command in reversed(options.COMMANDS.values()) for entry in command.options}
"""The options by their name: those of training where another command has one of the same name."""

ELSEWHERE = {"bert_load": {"labels", "tokenizer"}, "bert_explain": {"target"}}
"""Options of some magics that other tools have for a training, where they are synonyms or not needed."""

OF_OTHERS = set().union(*ELSEWHERE.values())

MEANT = [(name, one) for name, several in synonyms.SYNONYMS.items() for one in several]


def in_all_three_places(name, command="bert_finetune"):
    """Return the errors for a name as a flag, in a cell's body and as a keyword of the API."""
    known = options.COMMANDS[command]
    with pytest.raises(OptionError) as flag:
        line.read(f"--{name.replace('_', '-')} 1", known)
    with pytest.raises(OptionError) as assigned:
        body.assignments(f"{name} = 1", known, {})
    with pytest.raises(OptionError) as keyword:
        getattr(bm, known.function)("sample:reviews", **{name: 1})
    return [str(error.value) for error in (flag, assigned, keyword)]


@pytest.mark.parametrize(("name", "meant"), MEANT, ids=[f"{name}-{one.option}" for name, one in MEANT])
def test_a_synonym_names_an_option_and_is_none_itself(name, meant):
    assert name not in KNOWN.keys() - OF_OTHERS
    assert name == name.lower()
    known = [{entry.name for entry in command.options} for command in options.COMMANDS.values()]
    assert not any({name, meant.option} <= of_a_command for of_a_command in known)
    entry = KNOWN[meant.option]
    if meant.value:
        assert options.check(entry, meant.value) == meant.value


def test_no_synonym_is_listed_twice_for_one_option():
    assert len(set(MEANT)) == len(MEANT)
    assert not synonyms.SYNONYMS.keys() & synonyms._AUTOMATIC.keys()
    assert not (KNOWN.keys() - OF_OTHERS) & synonyms._AUTOMATIC.keys()
    for magic, command in options.COMMANDS.items():
        assert not (OF_OTHERS - ELSEWHERE.get(magic, set())) & {entry.name for entry in command.options}


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("learning_rate", "lr"), ("num_train_epochs", "epochs"), ("num_epochs", "epochs"),
        ("per_device_train_batch_size", "batch_size"), ("eval_steps", "eval_every"), ("warmup_ratio", "warmup"),
        ("labels", "label"), ("label_column", "label"), ("output_dir", "save_to"),
        ("early_stopping_patience", "patience"), ("lr_scheduler_type", "schedule"),
        ("metric_for_best_model", "metric"), ("max_seq_length", "max_length"),
        ("gradient_accumulation", "gradient_accumulation_steps"), ("save_steps", "checkpoint_every"),
        ("seed_everything", "seed"), ("model_name_or_path", "model"), ("eval_dataset", "validation"),
    ],
)  # fmt: skip
def test_names_of_other_tools_lead_to_the_option_wherever_they_are_typed(name, here):
    flag, assigned, keyword = in_all_three_places(name)
    assert f"has another name in bertmagic: {KNOWN[here].long}." in flag
    assert f"{name} has another name in bertmagic: {here}." in assigned
    assert f"{name} has another name in bertmagic: {here}." in keyword
    (help,) = (entry.help for entry in options.COMMANDS["bert_finetune"].options if entry.name == here)
    assert all("there is no" not in message and help in message for message in (flag, assigned, keyword))


@pytest.mark.parametrize(
    ("name", "here"),
    [("dropout_rate", "attention_dropout"), ("folds", "validation"), ("size", "model"), ("imbalance", "class_weights")],
)
def test_names_of_something_near_lead_to_the_nearest_in_meaning(name, here):
    flag, assigned, keyword = in_all_three_places(name)
    assert f"nearest in meaning is {KNOWN[here].long}." in flag
    assert f"nearest in meaning is {here}." in assigned
    assert f"nearest in meaning is {here}." in keyword
    assert ("There is no cross-validation" in flag) == (name == "folds")


@pytest.mark.parametrize(
    ("name", "here"),
    [
        ("leraning_rate", "lr"), ("train_batch", "batch_size"), ("early_stop_patience", "patience"),
        ("max_tokns", "max_length"), ("layers_frozen", "freeze"), ("fp_16", "precision"), ("steps", "max_steps"),
        ("modle", "model"), ("weightdecay", "weight_decay"), ("lr_value", "lr"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_taken_by_its_meaning_before_its_spelling(name, here):
    flag, assigned, keyword = in_all_three_places(name)
    assert f"Did you mean '{KNOWN[here].long}'?" in flag
    assert f"Did you mean '{here}'?" in assigned
    assert f"Did you mean '{here}'?" in keyword


@pytest.mark.parametrize("name", ["gpu", "folds", "batch_size"])
def test_a_name_whose_meaning_a_command_lacks_is_not_taken_for_one_that_is_spelt_alike(name):
    with pytest.raises(OptionError) as caught:
        line.read(f"--{name.replace('_', '-')} 1", options.COMMANDS["bert_predict"])
    assert "Did you mean" not in str(caught.value)


def test_a_related_name_is_no_option_and_no_synonym():
    assert not synonyms._NEAR.keys() & (KNOWN.keys() | synonyms.SYNONYMS.keys() | synonyms._AUTOMATIC.keys())
    assert set(synonyms._NEAR.values()) <= KNOWN.keys()


def test_a_name_that_stands_for_a_value_is_shown_with_it():
    flag, assigned, keyword = in_all_three_places("bf16")
    assert "in bertmagic: --precision bf16." in flag
    assert 'in bertmagic: precision = "bf16".' in assigned
    assert 'in bertmagic: precision = "bf16".' in keyword


@pytest.mark.parametrize("name", ["group_by_length", "per_device_eval_batch_size", "num_labels"])
def test_what_needs_no_option_is_said(name):
    assert all("is not needed in bertmagic" in message for message in in_all_three_places(name))


def test_a_name_means_what_the_command_has():
    evaluate = options.COMMANDS["bert_evaluate"].options
    assert str(synonyms.unknown("eval_dataset", evaluate)).startswith(
        "eval_dataset has another name in bertmagic: data."
    )
    assert str(synonyms.unknown("learning_rate", evaluate)).startswith("there is no option 'learning_rate'.")
    assert "in bertmagic: lr." in str(synonyms.unknown("Learning-Rate", options.COMMANDS["bert_finetune"].options))


def test_an_earlier_name_works_as_a_flag_in_a_body_and_as_a_keyword_and_says_the_new_one():
    finetune = options.COMMANDS["bert_finetune"]
    for read in (
        lambda: line.read("--best-metric loss", finetune)["metric"][0].text,
        lambda: line.read("--best_metric=loss", finetune)["metric"][0].text,
        lambda: body.assignments("best_metric = 'loss'", finetune, {})["metric"].value,
        lambda: options.read(options.Finetune, {"train": "x", "best_metric": "loss"}).metric,
        lambda: options.read(options.Pretrain, {"train": "x", "best_metric": "loss"}).metric,
        lambda: options.read(options.Tune, {"train": "x", "best_metric": "loss"}).metric,
    ):
        with pytest.warns(FutureWarning, match="^the option best_metric is now called metric; please write metric.$"):
            assert read() == "loss"


def test_the_warning_is_one_line():
    with pytest.warns(FutureWarning) as caught:
        synonyms.current("best_metric")
    warning = caught.pop()
    text = warnings.formatwarning(warning.message, warning.category, warning.filename, warning.lineno)
    assert len(text.splitlines()) == 1


def test_a_run_saved_with_an_earlier_name_goes_on_and_is_listed(tmp_path):
    saved = {"step": 4, "steps": 9, "options": {"best_metric": "loss", "lr": 1e-4}, "data": {}}
    before = checkpoints.Checkpoint(tmp_path, saved)
    checkpoints.compare(before, {"options": {"metric": "loss", "lr": 1e-4}, "data": {}})
    with pytest.raises(OptionError, match="metric was 'loss' and is 'f1'"):
        checkpoints.compare(before, {"options": {"metric": "f1", "lr": 1e-4}, "data": {}})
    (tmp_path / "options.json").write_text('{"best_metric": "loss", "model": "minilm"}')
    record = records.read_run(tmp_path)
    assert (record.metric, record.options["metric"]) == ("loss", "loss")


@pytest.mark.filterwarnings("ignore:the option best_metric:FutureWarning")
def test_both_names_of_one_option_are_an_error():
    finetune = options.COMMANDS["bert_finetune"]
    for read in (
        lambda: line.read("--best-metric loss --metric f1", finetune),
        lambda: body.assignments("best_metric = 'loss'\nmetric = 'f1'", finetune, {}),
        lambda: options.read(options.Finetune, {"train": "x", "best_metric": "loss", "metric": "f1"}),
    ):
        with pytest.raises(OptionError):
            read()


def test_earlier_names_are_names_of_options_no_more():
    assert all(old not in KNOWN and new in KNOWN for old, new in synonyms.RENAMED.items())


def test_the_page_of_options_lists_the_names_of_other_tools():
    assert "- In other tools: `learning_rate`" in page()


@pytest.mark.parametrize(
    ("call", "here"),
    [
        (lambda: bm.check("sample:reviews", label_column="stars"), "label"),
        (lambda: bm.compare(["majority"], "sample:reviews", train_dataset="sample:reviews"), "train"),
        (lambda: bm.catalogue("sample:reviews", labels="stars"), "label"),
        (lambda: bm.TextModel.evaluate(None, eval_dataset="sample:reviews"), "data"),
        (lambda: bm.TextModel.predict(None, "a", text_column="review"), "text"),
    ],
)
def test_keywords_of_other_functions_and_methods_lead_home_too(call, here):
    with pytest.raises(OptionError, match=f"has another name in bertmagic: {here}."):
        call()


def test_only_keywords_that_a_function_takes_are_named():
    with pytest.raises(OptionError, match="there is no option 'model_name'"):
        bm.TextModel.predict(None, "a", model_name="x")  # an option of the magic, which the method has not


def test_a_function_keeps_its_signature_and_its_own_keywords():
    assert list(inspect.signature(bm.check).parameters)[:3] == ["data", "text", "label"]
    assert "by" in inspect.signature(bm.TextModel.evaluate).parameters
    assert bm.runs(sort="name").records == ()
