"""The format of OpenVINO."""

import pytest

from bertmagic.export import graph, session

from .conftest import TEXTS

pytest.importorskip("openvino")


@pytest.mark.filterwarnings("ignore")  # of a library that openvino imports
@pytest.mark.parametrize("most", [graph.MOST_BYTES, 1000])
def test_openvino_gives_the_same_answers(most, learnt, exported, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "MOST_BYTES", most)
    result = learnt.export(tmp_path / "out", format="openvino", check=TEXTS, show=False)
    assert (result.kept, result.rows) == (1.0, len(TEXTS))
    assert {path.name for path in (tmp_path / "out").glob("*") if "network" in path.name or "onnx" in path.name} == {
        "network.bin", "network.xml"
    }  # fmt: skip
    assert "openvino==" in (tmp_path / "out" / "requirements.txt").read_text("utf-8")
    ours, other = (
        session.program(path)["predict"](TEXTS) for path in (tmp_path / "out", exported("classification")[0])
    )
    assert [one["label"] for one in ours] == [one["label"] for one in other]
    assert [one["score"] for one in ours] == pytest.approx([one["score"] for one in other], abs=1e-5)
