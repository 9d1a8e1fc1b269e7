"""Models side by side, end to end, on a tiny real BERT."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from seqeval.metrics import f1_score

import bertmagic as bm
from bertmagic.display import below, bundle
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.errors import ModelError, OptionError
from bertmagic.events import Phase
from bertmagic.models import loading
from bertmagic.workflows import compare as comparing
from tests.display.tags import Tags
from tests.small import ROWS


@pytest.fixture(scope="module")
def kept(learnt, tmp_path_factory):
    """Another model of the same task: the learnt one with a head that knows less."""
    folder = tmp_path_factory.mktemp("worse") / "worse"
    model = bm.load(learnt.save(folder), name="worse", precision="fp32")
    weight = model.network.classifier.weight.data
    noise = np.random.default_rng(0).standard_normal(tuple(weight.shape)).astype("float32")
    weight += 5 * weight.std() * torch.from_numpy(noise)
    return model


def test_models_and_baselines_on_the_same_rows(learnt, kept, make_rows):
    fresh = make_rows(120, seed=6)
    fresh.index = [f"r{number}" for number in range(120)]
    comparison = bm.compare(
        [learnt, kept, "majority", "tfidf"], fresh, train=make_rows(200, seed=2), price=3.6, show=False
    )
    names = ["learnt", "worse", "majority", "tfidf"]
    assert [one.name for one in comparison.contenders] == names
    assert [one.name for one in comparison.against] == names[1:]
    reports = [learnt.evaluate(fresh, show=False), kept.evaluate(fresh, show=False)]
    for one, report in zip(comparison.contenders, reports, strict=False):
        assert dict(one.metrics) == pytest.approx(dict(report.metrics))
    majority = comparison.against[1]
    right = reports[0].outcomes.credit == 1
    truth = (fresh["label"] == "bad").to_numpy()  # both classes are equally frequent: the first is the majority
    assert (majority.only_first, majority.only_this) == (int((right & ~truth).sum()), int((~right & truth).sum()))
    assert majority.changes["accuracy"].value == pytest.approx(truth.mean() - right.mean())
    assert majority.changes["accuracy"].clear
    assert majority.changes["accuracy"].interval.low < majority.changes["accuracy"].value
    assert majority.p < 1e-6
    assert majority.adjusted >= majority.p
    for one in comparison.contenders:
        assert len(one.rounds) == 5
        assert one.cost == pytest.approx(one.seconds / 1000)  # 3.6 an hour is a thousandth a second
    assert comparison.contenders[0].disk > comparison.contenders[0].memory > 0

    differing = comparison.differing
    assert list(differing.columns) == ["text", "true", *names]
    assert len(differing) == comparison.apart
    assert set(differing.index) <= set(fresh.index)
    assert (differing["true"] == fresh.loc[differing.index, "label"]).all()
    assert (differing["majority"] == "bad").all()

    frame = comparison.frame
    assert frame.loc["learnt", "accuracy"] == reports[0].metrics["accuracy"]
    assert np.isnan(frame.loc["learnt", "p_adjusted"])
    shown = bundle(comparison)
    for expected in ("McNemar", "Holm", "texts a second", "TF-IDF", "majority was trained on 200 rows"):
        assert expected in shown["text/plain"]
        assert expected in shown["text/html"]
    (figure,) = below(comparison)
    assert len(figure[MIMETYPE]["data"]) == 3


def test_the_bar_of_the_work_ends_full(learnt, make_rows):
    seen = []
    comparing.compare([learnt, learnt], make_rows(20, seed=5), {}, None, None, seen.append)
    last = [event for event in seen if isinstance(event, Phase)][-1]
    assert (last.what, last.done) == ("timing", last.total)


def test_baselines_find_the_training_rows_by_their_digest(encoder, make_rows, tmp_path):
    make_rows(80).to_csv("r.csv", index=False)
    model = bm.finetune("r.csv", text="text", label="label", model=encoder, max_steps=2, name="mine", show=False)
    comparison = bm.compare(["mine", "majority"], make_rows(20, seed=5), show=False)
    assert "majority was trained on 64 rows of r.csv." in comparison.notes
    make_rows(90).to_csv("r.csv", index=False)
    for remove in (False, True):
        if remove:
            (tmp_path / "r.csv").unlink()
        with pytest.raises(OptionError, match=r"no longer at hand: r\.csv") as caught:
            bm.compare([model, "tfidf"], make_rows(20, seed=5), show=False)
        assert "--train" in caught.value.fix


def test_training_rows_in_a_variable_are_found_by_their_digest(encoder, make_rows, monkeypatch):
    class Strange:
        def __getattr__(self, name):
            raise AssertionError(f"{name} of a stranger's object was asked for")

    rows = make_rows(80)
    bm.finetune(rows, text="text", label="label", model=encoder, max_steps=2, name="mine", keep_rows=False, show=False)
    user = sys.modules["__main__"]
    others = {"strange": Strange(), "shuffled": rows.sample(frac=1, random_state=1), "other": make_rows(80, seed=9)}
    for name, value in {**others, "tickets": rows}.items():
        monkeypatch.setattr(user, name, value, raising=False)
    comparison = bm.compare(["mine", "tfidf"], make_rows(20, seed=5), show=False)
    assert any(note.startswith("tfidf was trained on 64 rows") for note in comparison.notes)

    monkeypatch.delattr(user, "tickets")
    monkeypatch.setattr(loading, "opened", lambda *_, **__: pytest.fail("a model was loaded before the error"))
    for models in (["mine", "tfidf"], ["majority", "mine"]):
        with pytest.raises(OptionError, match="are no longer at hand") as caught:
            bm.compare(models, make_rows(20, seed=5), show=False)
        assert "--train" in caught.value.fix


def test_what_cannot_be_compared_is_one_clear_error(learnt, encoder, make_rows):
    other = bm.finetune(make_rows(60, labels=("no", "yes")), model=encoder, text="text", label="label", max_steps=2,
                        name="other", show=False)  # fmt: skip
    fresh = make_rows(20, seed=5)
    with pytest.raises(ModelError, match="do not have the same labels: only one of them has bad, good, no, yes"):
        bm.compare([learnt, other], fresh, show=False)
    for models in ([learnt], ["majority", "tfidf"], learnt):
        with pytest.raises(OptionError, match="there is nothing to compare"):
            bm.compare(models, fresh, show=False)
    number = fresh.assign(label=np.linspace(0, 1, 20))
    value = bm.finetune(number, model=encoder, task="regression", text="text", label="label", max_steps=2, name="value",
                        show=False)  # fmt: skip
    with pytest.raises(ModelError, match="is for classification, 'value' for regression"):
        bm.compare([learnt, value], fresh, show=False)
    comparison = bm.compare([value, value, "tfidf"], number, train=number, show=False)
    assert [one.name for one in comparison.contenders] == ["value", "value #2", "tfidf"]
    assert comparison.against[0].test == "randomization"
    assert comparison.against[0].p == 1.0
    assert "randomization test" in repr(comparison)


def test_hostile_labels_are_text_in_every_form(encoder, make_rows):
    labels = ("<img src=x onerror=alert(1)>|", "$\\x_1 & **y** `z`")
    model = bm.finetune(make_rows(60, labels=labels), model=encoder, text="text", label="label", max_steps=2,
                        name="hostile", show=False)  # fmt: skip
    rows = make_rows(40, seed=5, labels=labels)
    comparison = bm.compare([model, "majority"], rows, train=make_rows(20, labels=labels), show=False)
    report = model.evaluate(rows, show=False)
    for result in (comparison, report):
        page = result.to_html("page.html").read_text()
        tags = set(Tags(page.split("<body>")[1].split("</body>")[0].join(["<body>", "</body>"])).tags)
        assert not tags & {"img", "script", "iframe", "link"}
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
        assert "<svg" in page
        assert "<img" not in result.to_markdown()
    latex = report.to_latex()
    assert r"\$\textbackslash{}x\_1 \& {*}{*}y{*}{*} \textasciigrave{}z\textasciigrave{}" in latex
    assert r"\textless{}img src=x onerror=alert(1)\textgreater{}\textbar{}" in latex
    assert set(report.frame["of"]) >= {"all", "class"}
    assert set(report.frame.loc[report.frame["of"] == "class", "name"]) == set(labels)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.browser
def test_a_page_opens_with_the_network_off(learnt, make_rows, tmp_path):
    from playwright.sync_api import sync_playwright

    path = learnt.evaluate(make_rows(60, seed=6), show=False).to_html(tmp_path / "report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(offline=True).new_page()
        wrong = []
        page.on("requestfailed", lambda request: wrong.append(request.url))
        page.on("console", lambda message: wrong.append(message.text))
        page.goto(path.as_uri())
        boxes = page.evaluate("[...document.querySelectorAll('figure svg')].map(e => e.getBoundingClientRect().height)")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        browser.close()
    assert wrong == []
    assert len(boxes) >= 4
    assert min(boxes) > 100
    assert wide <= 0


@pytest.mark.parametrize("kind", ROWS)
def test_models_of_every_task_are_compared(small, kind):
    model, rows = small(kind), ROWS[kind]()
    comparison = bm.compare([model, model], rows, show=False)
    assert comparison.against[0].changes
    assert all(change.value == 0 for change in comparison.against[0].changes.values())
    assert (comparison.apart, comparison.against[0].p) == (0, 1.0)
    assert dict(comparison.contenders[1].metrics) == dict(model.evaluate(rows, show=False).metrics)


@pytest.mark.parametrize(("kind", "metric"), [("pairs", "accuracy"), ("multi_label", "macro_f1")])
def test_baselines_read_pairs_and_many_labels(small, kind, metric):
    rows = ROWS[kind]()
    comparison = bm.compare([small(kind), "majority", "tfidf"], rows, train=rows, show=False)
    majority, tfidf = comparison.contenders[1:]
    assert tfidf.metrics[metric] > max(0.9, majority.metrics[metric])
    change = comparison.against[1].changes[metric]
    assert change.value == pytest.approx(tfidf.metrics[metric] - comparison.contenders[0].metrics[metric])


def test_the_majority_of_words_has_the_scores_of_seqeval(small):
    train = ROWS["token_classification"]()
    test = pd.DataFrame({
        "tokens": [["the", "film", "was", "very", "good"], ["good", "unknown", "film"]],
        "tags": [["O", "B-THING", "O", "B-WORD", "I-WORD"], ["B-WORD", "B-THING", "B-THING"]],
    })  # fmt: skip
    comparison = bm.compare([small("token_classification"), "majority"], test, train=train, show=False)
    # "good" ended a WORD in training: alone it cannot begin with I-, and the likeliest valid tag of it is none
    predicted = [["O", "B-THING", "O", "B-WORD", "I-WORD"], ["O", "O", "B-THING"]]
    metrics = comparison.contenders[1].metrics
    assert metrics["f1"] == pytest.approx(f1_score(test["tags"].tolist(), predicted))
    assert metrics["precision"] == 1.0
    assert "McNemar" in repr(comparison)


@pytest.mark.parametrize(
    ("kind", "name", "fix"),
    [("token_classification", "tfidf", "There are: majority, linear_probe."),
     ("question_answering", "tfidf", "Compare models only."),
     ("question_answering", "majority", "Compare models only.")],
)  # fmt: skip
def test_a_baseline_that_makes_no_sense_is_refused_before_any_work(small, kind, name, fix):
    with pytest.raises(OptionError, match=f"there is no baseline '{name}' for {kind}") as caught:
        bm.compare([small(kind), name], ROWS[kind]().iloc[:0], show=False)
    assert caught.value.fix == fix
