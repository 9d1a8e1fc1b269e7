"""What a run starts from where a model in a variable is given: the weights of that model, wherever its folder is."""

import json
import shutil

import pytest
import torch

import bertmagic as bm
from bertmagic.errors import ModelError
from bertmagic.events import Note
from bertmagic.run import checkpoints, folders
from bertmagic.workflows import starting_weights

from ..small import ROWS, documents


def first_layer(model):
    return model.network.base_model.get_parameter("encoder.layer.0.attention.self.query.weight").detach().clone()


@pytest.fixture
def train(rows, encoder):
    """Fine-tune the tiny BERT for a step; each seed gives other weights."""

    def run(**options):
        known = {"model": encoder, "text": "text", "label": "label", "max_steps": 1, "precision": "fp32", "lr": 1e-2}
        return bm.finetune(rows, **known | {"show": False, "validation": 0, "pooling": "first"} | options)

    return run


@pytest.fixture
def two(train):
    """Two models of one name: the folder holds the second."""
    return train(seed=1), train(seed=2)


STILL = {"lr": 1e-8, "weight_decay": 0.0}
"""A step that leaves the weights where they are, to the last digits."""


def by_finetune(model, train, rows):
    return train(model=model, name="next", **STILL)


def by_job(model, train, rows):
    return train(model=model, name="next", background=True, **STILL).wait()


def by_lora(model, train, rows):
    return train(model=model, name="next", adapt="lora", **STILL)


def by_pretraining(model, train, rows):
    return bm.pretrain(documents(), model=model, name="next", max_steps=1, precision="fp32", show=False, **STILL)


def by_tuning(model, train, rows):
    values = bm.choice(1e-8, 2e-8)
    return bm.tune(
        rows, model=model, label="label", name="next", lr=values, trials=1, max_steps=1, eval_every=1,
        weight_decay=0.0, precision="fp32", show=False,
    ).model  # fmt: skip


def by_panel(model, train, rows):
    from bertmagic.widgets.panel import panel

    form = panel(rows, text="text", label="label", model=model, name="next")
    form.set(lr=1e-6, epochs=1)
    form.start()
    return form.job.wait()


@pytest.mark.parametrize("start", [by_finetune, by_job, by_lora, by_pretraining, by_tuning, by_panel])
def test_a_run_starts_from_the_model_in_the_variable(two, train, rows, start):
    first, second = two
    assert first.folder == second.folder
    assert (first.is_in_folder, second.is_in_folder) == (False, True)
    begun = start(first, train, rows)
    assert torch.allclose(first_layer(begun), first_layer(first), atol=1e-3)
    assert not torch.allclose(first_layer(second), first_layer(first), atol=1e-3)
    (kept,) = (folders.home() / "models").iterdir()
    assert torch.equal(first_layer(bm.load(kept)), first_layer(first))


def test_a_panel_starts_from_the_model_even_if_its_folder_is_replaced_meanwhile(train, rows):
    from bertmagic.widgets.panel import panel

    first = train(seed=1)
    form = panel(rows, text="text", label="label", model=first, name="next")
    train(seed=2)
    form.set(lr=1e-6, epochs=1)
    form.start()
    assert torch.allclose(first_layer(form.job.wait()), first_layer(first), atol=1e-3)


def test_the_run_says_that_the_weights_in_memory_are_used(two, train):
    first, second = two
    events = []
    train(model=second, name="other", on_event=events.append)
    assert "no longer has" not in str(events)
    train(model=first, name="next", on_event=events.append)
    (kept,) = (folders.home() / "models").iterdir()
    said = f"{first.folder} no longer has the weights of 'model': those in memory are kept in {kept}."
    assert Note(said) in events


@pytest.mark.parametrize("kind", [*ROWS, "masked_language_modeling"])
def test_a_model_that_is_in_its_folder_starts_from_there(small, kind):
    model = small(kind)
    assert starting_weights.folder_of(model) == model.folder
    assert not (folders.home() / "models").exists()


def test_a_model_of_a_folder_without_a_card_starts_from_there(encoder):
    assert starting_weights.folder_of(bm.load(encoder)) == encoder


def test_weights_that_were_changed_in_memory_are_those_that_count(train):
    model = train()
    model.network.classifier.weight.data.zero_()
    folder = starting_weights.folder_of(model)
    assert folder != model.folder
    assert not bm.load(folder).network.classifier.weight.any()
    assert starting_weights.folder_of(model) == folder  # once, not at each run


@pytest.mark.parametrize("there", ["another run", "no run", "other weights under the same card"])
def test_a_folder_that_has_changed_is_not_taken_for_the_model(train, own_folder, there):
    model = train(seed=1)
    before = (model.folder / "bertmagic.json").read_bytes()
    shutil.rmtree(model.folder)
    if there != "no run":
        train(seed=2)
    if there == "other weights under the same card":
        (model.folder / "bertmagic.json").write_bytes(before)
    assert torch.equal(first_layer(bm.load(starting_weights.folder_of(model))), first_layer(model))


def test_after_a_change_of_the_current_folder_a_model_still_knows_its_own(train, rows, own_folder, monkeypatch):
    monkeypatch.delenv("BERTMAGIC_HOME")
    first = train(seed=1)
    assert first.folder == own_folder / ".bertmagic" / "runs" / "model" / "model"
    monkeypatch.chdir((own_folder / "elsewhere").mkdir() or own_folder / "elsewhere")
    second = train(seed=2)
    assert starting_weights.folder_of(first) == first.folder != second.folder
    before = (second.folder / "bertmagic.json").read_bytes()
    first.calibrate(rows, show=False)
    assert (second.folder / "bertmagic.json").read_bytes() == before
    first.unload()
    assert f"%bert_load {first.folder} brings it back" in repr(first)
    next_ = train(model=first, name="next", **STILL)
    assert next_.card["options"]["model"] == str(first.folder)
    next_.attention("a film", compare="base", show=False)


def test_the_card_of_another_model_is_not_written_to(two, rows):
    first, second = two
    before = (second.folder / "bertmagic.json").read_bytes()
    assert "has another model by now" in first.calibrate(rows, show=False).kept
    assert (second.folder / "bertmagic.json").read_bytes() == before
    assert "It is kept in the run 'model', too." in second.calibrate(rows, show=False).kept
    assert second.is_in_folder


def test_weights_that_were_changed_in_memory_do_not_get_into_the_card_of_the_others(train, rows):
    model = train()
    model.network.classifier.weight.data.neg_()
    before = (model.folder / "bertmagic.json").read_bytes()
    assert "has another model by now" in model.calibrate(rows, show=False).kept
    assert (model.folder / "bertmagic.json").read_bytes() == before


def test_unloading_names_the_folder_only_where_it_has_the_model(two):
    first, second = two
    first.unload(), second.unload()
    assert f"%bert_load {second.folder} brings it back" in repr(second)
    assert f"{first.folder} no longer has its weights" in repr(first)
    with pytest.raises(ModelError, match="was unloaded") as caught:
        starting_weights.folder_of(first)
    assert "no longer has its weights" in caught.value.fix
    assert starting_weights.folder_of(second) == second.folder


def test_a_saved_folder_is_known_again(two, own_folder):
    first, _ = two
    loaded = bm.load(first.save(own_folder / "with blank"))
    assert starting_weights.folder_of(loaded) == loaded.folder
    loaded.unload()
    assert f'%bert_load "{loaded.folder}" brings it back' in repr(loaded)


def test_a_base_that_was_replaced_is_not_compared_with(train, rows):
    first = train(name="a", seed=1)
    second = train(name="b", model=first)
    second.attention("a film", compare="base", show=False)
    train(name="a", seed=2)
    with pytest.raises(ModelError, match=r"no longer in .*a/model: another one was saved there"):
        second.attention("a film", compare="base", show=False)
    own = train(name="b", model=second)
    with pytest.raises(ModelError, match="another one was saved there"):
        bm.compare([own, "linear_probe"], rows, train=rows, show=False)


@pytest.mark.parametrize("given", ["variable", "name"])
def test_an_adapter_is_not_saved_over_the_weights_that_it_belongs_to(train, given):
    first = train(name="a")
    second = train(name="a", model=first if given == "variable" else "a", adapt="lora", lora_save="adapter")
    again = bm.load("a", name="again")
    assert torch.allclose(first_layer(again), first_layer(second), atol=1e-6)


def test_a_checkpoint_from_before_folders_were_absolute_goes_on(own_folder):
    facts = {"options": {"model": str(own_folder / "tiny")}, "data": {}}
    state = json.loads(json.dumps({"options": {"model": "tiny"}, "data": {}, "step": 1, "steps": 2}))
    checkpoints.compare(checkpoints.Checkpoint(own_folder, state), facts)
