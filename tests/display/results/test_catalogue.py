import json

from bertmagic.display import bundle, text
from bertmagic.models.status import Catalogue, Entry

from ..runs import HOSTILE
from ..tags import Tags

MINILM = Entry("minilm", "a/MiniLM", 22_713_216, "English", 512, "Apache-2.0", 1e-4, "small and fast", on_disk=True)


def test_it_tells_each_encoder():
    for shown in bundle(Catalogue((MINILM,))).values():
        expected = (
            "1 model",
            "nothing yet",
            "minilm",
            "22.7 M",
            "English",
            "512",
            "Apache-2.0",
            "yes",
            "small and fast",
        )
        assert all(part in shown for part in expected)


def test_an_empty_one_is_shown():
    assert "0 models" in text(Catalogue(()))


def test_hostile_values_are_text():
    both = bundle(Catalogue((Entry(HOSTILE, HOSTILE, 1, HOSTILE, 1, HOSTILE, 1.0, HOSTILE),)))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps(both, ensure_ascii=False).encode()
