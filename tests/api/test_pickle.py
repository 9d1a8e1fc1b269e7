"""Models and results in pickles and copies."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.errors import ModelError

from .. import forks
from ..small import ROWS

KINDS = [*ROWS, "masked_language_modeling"]
WAYS = {"pickle": lambda given: pickle.loads(pickle.dumps(given)), "deepcopy": copy.deepcopy}

CHILD = """
import pickle, sys
model = pickle.load(open("model.pickle", "rb"))
print(model.predict(["a good film", "a bad film"], show=False).frame["score"].tolist())
print(model.report.metrics == pickle.load(open("report.pickle", "rb")).metrics)
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_every_task_is_whole_in_a_copy(small, kind, way):
    model = small(kind)
    again = WAYS[way](model)
    assert repr(again) == repr(model)
    assert again.network is not model.network
    assert again._lock is not model._lock
    for one, other in zip(again.network.parameters(), model.network.parameters(), strict=True):
        assert one.data_ptr() != other.data_ptr()
        assert (one == other).all()
    if kind in ("multi_label", "regression"):
        texts = ["a good film", "a bad film"]
        pd.testing.assert_frame_equal(again.predict(texts, show=False).frame, model.predict(texts, show=False).frame)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ROWS)
def test_a_report_of_every_task_is_whole_in_a_copy(small, kind, way):
    report = small(kind).evaluate(ROWS[kind](), show=False)
    again = WAYS[way](report)
    assert repr(again) == repr(report)
    rows = np.arange(20)
    for one, other in zip(again.outcomes.tallies, report.outcomes.tallies, strict=True):
        assert one.take(rows).point_estimates() == other.take(rows).point_estimates()


def test_a_model_is_read_by_another_process(learnt, own_folder):
    (own_folder / "model.pickle").write_bytes(pickle.dumps(learnt))
    (own_folder / "report.pickle").write_bytes(pickle.dumps(learnt.report))
    command = [sys.executable, "-c", CHILD]
    with forks.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        printed = process.stdout.read()
    assert process.returncode == 0, printed
    scores, same = printed.splitlines()[-2:]
    expected = learnt.predict(["a good film", "a bad film"], show=False).frame["score"].tolist()
    np.testing.assert_allclose(eval(scores), expected, atol=1e-6)
    assert same == "True"


def test_attention_maps_are_whole_but_for_the_model_behind_them(learnt):
    maps = learnt.attention("a good film", show=False)
    again = WAYS["pickle"](maps)
    np.testing.assert_array_equal(again.array, maps.array)
    with pytest.raises(ModelError, match="no longer in memory"):
        again.gradients(None)
    np.testing.assert_array_equal(WAYS["deepcopy"](maps).gradients(None), maps.gradients(None))


@pytest.mark.parametrize("way", WAYS)
def test_a_job_says_what_can_be_saved_instead(encoder, rows, way):
    job = bm.finetune(rows, label="label", model=encoder, max_steps=1, background=True, name="clf", show=False)
    with pytest.raises(TypeError, match=r"Its model can: clf.wait\(\) returns it, and its method save writes it"):
        WAYS[way](job)
    assert WAYS[way](job.wait()).name == "clf"
