"""The component of spaCy pipelines, on a blank English pipeline."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

if importlib.util.find_spec("spacy") is None:
    pytest.skip("spacy is not installed: make integrations", allow_module_level=True)

import spacy
from spacy.tokens import Doc

import bertmagic as bm
import bertmagic.spacy
from bertmagic.errors import ModelError

from ..small import entities

pytestmark = pytest.mark.filterwarnings("ignore")

ODD = [
    "the film was very good 3",
    "  the\tfilm \n\n was   very good\u00a03  ",
    "🙂 the film🙂 was 👩‍👩‍👧 very good!",
    "the film,was:very(good)",
    "",
    " \n",
    "good",
]


@pytest.fixture(scope="session")
def names(tmp_path_factory, encoder):
    """The folder of a model that finds entities, which it has learnt by heart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        model = bm.finetune(
            entities(), model=encoder, name="names", max_steps=60, lr=5e-3, precision="fp32", show=False, validation=0
        )
    folder = tmp_path_factory.mktemp("models") / "names"
    model.save(folder)
    return folder


@pytest.fixture(scope="session")
def classes(tmp_path_factory, small):
    folder = tmp_path_factory.mktemp("models") / "labels"
    small("multi_label").save(folder)
    return folder


@pytest.fixture
def blank():
    """Return a function that makes a pipeline with the component."""

    def make(folder, **config):
        nlp = spacy.blank("en")
        nlp.add_pipe("bertmagic", config={"model": str(folder), "precision": "fp32", **config})
        return nlp

    return make


def spans(doc):
    return [(span.start_char, span.end_char, span.label_) for span in doc.ents]


def test_entities_are_those_of_predict(blank, names):
    nlp, model = blank(names), bm.load(str(names), precision="fp32")
    for text in ODD:
        doc = nlp(text)
        assert doc.text == text
        found = model.predict([text], show=False).frame if text.strip() else None
        expected = [] if found is None else found[["start", "end", "label"]].to_numpy().tolist()
        widened = [doc.char_span(start, end, label, alignment_mode="expand") for start, end, label in expected]
        assert [(span.start_char, span.end_char, span.label_) for span in widened] == spans(doc)
    doc = nlp(ODD[1])
    assert [(span.text, span.label_) for span in doc.ents if span.label_ == "THING"] == [("film", "THING")]
    other = nlp("we had it")
    assert len(other.spans["bertmagic"]) == len(other.ents)
    scores = doc.spans["bertmagic"].attrs["scores"]
    assert len(scores) == len(doc.ents)
    assert all(0 < score <= 1 for score in scores)


def test_a_stream_in_batches_gives_the_same_in_its_order(blank, names):
    nlp = blank(names)
    alone = [spans(nlp(text)) for text in ODD * 3]
    assert [spans(doc) for doc in nlp.pipe(ODD * 3, batch_size=4)] == alone
    assert [(spans(doc), at) for doc, at in nlp.pipe(zip(ODD, range(7), strict=True), as_tuples=True)] == [
        (expected, at) for at, expected in enumerate(alone[:7])
    ]


def test_probabilities_are_those_of_predict(blank, classes):
    nlp, model = blank(classes), bm.load(str(classes), precision="fp32")
    doc = nlp("good film")
    frame = model.predict(["good film"], show=False).frame
    assert doc.cats == pytest.approx({label: frame[f"p_{label}"][0] for label in model.labels})
    assert doc.ents == ()
    assert nlp(" ").cats == {}
    assert nlp.get_pipe("bertmagic").labels == model.labels


def test_entities_of_other_components_stay_where_there_is_room(blank, names):
    nlp = blank(names)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "DIGIT", "pattern": "3"}, {"label": "WHOLE", "pattern": "film was"}])
    found = [(span.text, span.label_) for span in nlp("the film was very good 3").ents]
    assert ("film", "THING") in found
    assert ("3", "DIGIT") in found
    assert "WHOLE" not in [label for _, label in found]


def test_a_pipeline_is_saved_with_its_model_and_needs_no_other_folder(blank, names, tmp_path):
    nlp = blank(names)
    expected = [spans(nlp(text)) for text in ODD]
    nlp.to_disk(tmp_path / "pipeline")
    text = (
        (tmp_path / "pipeline" / "config.cfg").read_text(encoding="utf-8").replace(str(names), str(tmp_path / "gone"))
    )
    (tmp_path / "pipeline" / "config.cfg").write_text(text, encoding="utf-8")
    again = spacy.load(tmp_path / "pipeline")
    assert [spans(again(text)) for text in ODD] == expected
    third = spacy.blank("en")
    third.add_pipe("bertmagic", config={"precision": "fp32"})
    assert [spans(doc) for doc in third.from_bytes(nlp.to_bytes()).pipe(ODD)] == expected


def test_docs_of_other_tokenizers_are_read_by_their_text(blank, names):
    nlp = blank(names)
    words = ["the", "film", "was", "very", "good", "3"]
    doc = Doc(nlp.vocab, words=words, spaces=[True, False, False, True, True, False])
    assert nlp.get_pipe("bertmagic")(doc).text == "the filmwasvery good 3"


def test_models_without_a_place_in_a_doc_are_refused(blank, small, tmp_path):
    for kind, message in (("regression", "predicts value for a text"), ("pairs", "a Doc is one text")):
        small(kind).save(tmp_path / kind)
        with pytest.raises(ModelError, match=message):
            blank(tmp_path / kind)("good film")
    nlp = spacy.blank("en")
    nlp.add_pipe("bertmagic")
    with pytest.raises(ModelError, match="has no model"):
        nlp("good")


def test_nothing_is_left_on_the_disk(blank, names, own_folder):
    blank(names)("the film was good")
    assert list(own_folder.iterdir()) == []


def test_spacy_finds_it_by_the_entry_point_of_the_package():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["spacy_factories"] == {"bertmagic": "bertmagic.spacy:make"}
    from importlib.metadata import entry_points

    if not [one for one in entry_points(group="spacy_factories") if one.name == "bertmagic"]:
        pytest.skip("bertmagic was installed before it had this entry point")
    code = "import spacy; nlp = spacy.blank('en'); nlp.add_pipe('bertmagic'); print(nlp.pipe_names)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=os.environ, capture_output=True, text=True)
    assert done.stdout.strip() == "['bertmagic']", done.stderr
