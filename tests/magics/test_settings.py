import logging
import os
import warnings
from pathlib import Path

import pytest
from traitlets.config import Config

from bertmagic import errors
from bertmagic.data import hub
from bertmagic.magics import register, unregister
from bertmagic.magics.settings import BertMagic
from bertmagic.options import COMMANDS


def test_a_flag_wins_over_config_and_config_over_the_built_in(run, reviews, calls):
    run("%bert_finetune --train reviews;")
    assert "epochs" not in calls[-1][2]
    run("%config BertMagic.epochs = 7")
    run("%bert_finetune --train reviews;")
    assert calls[-1][2]["epochs"] == 7
    run("%bert_finetune --train reviews --epochs 1;")
    assert calls[-1][2]["epochs"] == 1
    run("%%bert_finetune\ntrain = reviews\nepochs = 2")
    assert calls[-1][2]["epochs"] == 2


def test_a_setting_may_have_several_choices(run, reviews, calls):
    run('%config BertMagic.log_to = ["tensorboard", "mlflow"]')
    run("%bert_finetune --train reviews;")
    assert calls[-1][2]["log_to"] == ("tensorboard", "mlflow")


def test_the_configuration_file_counts(reviews, shell):
    config = Config()
    config.BertMagic.batch_size = 8
    config.BertMagic.traceback = "full"
    unregister(shell)
    shell.config = config
    register(shell)
    settings = next(entry for entry in shell.configurables if isinstance(entry, BertMagic))
    assert settings.defaults(COMMANDS["bert_finetune"]) == {"batch_size": 8}
    assert errors._ShortTraceback.style == "full"
    unregister(shell)
    assert errors._ShortTraceback.style == "short"


def test_the_encoder_is_no_default_of_predictions(run, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    run("%config BertMagic.model = 'bert'")
    run("%bert_finetune clf --train reviews;")
    assert calls[-1][2]["model"] == "bert"
    run("%bert_data reviews")
    assert calls[-1][2]["model"] == "bert"
    run('%bert_predict "x"')
    assert calls[-1][:2] == ("predict", "clf")


def test_the_device_is_a_default_of_training_and_loading(run, reviews, calls):
    run("%config BertMagic.device = 'cpu'")
    run("%bert_load monday;")
    assert calls[-1][2]["device"] == "cpu"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("epochs = 'x'", "BertMagic.epochs = 'x' is not a number"),
        ("schedule = 'linaer'", "one of linear, cosine, constant. Did you mean 'linear'?"),
        ("traceback = 'long'", "'short', 'full'"),
        ("epohcs = 3", "Did you mean `epochs`?"),
    ],
)
def test_a_wrong_value_is_refused_with_a_reason(run, caplog, line, words):
    with caplog.at_level(logging.WARNING), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        run(f"%config BertMagic.{line}")
    # Newer traitlets log an unknown name, older ones warn.
    assert words in "\n".join((caplog.text, *(str(one.message) for one in warned)))
    caplog.clear()
    run("%config BertMagic.seed = 3")
    assert caplog.text == ""
    assert run("%config BertMagic.seed").result == 3


def test_an_earlier_name_sets_the_option_and_says_the_new_one(run, reviews, calls, shell):
    with pytest.warns(FutureWarning, match="best_metric is now called metric"):
        run("%config BertMagic.best_metric = 'loss'")
    run("%bert_finetune --train reviews;")
    assert calls[-1][2]["metric"] == "loss"
    assert "best_metric" not in calls[-1][2]


def test_a_default_goes_to_the_commands_that_can_have_it(shell):
    settings = next(entry for entry in shell.configurables if isinstance(entry, BertMagic))
    settings.metric = "macro_f1"
    assert settings.defaults(COMMANDS["bert_finetune"]) == settings.defaults(COMMANDS["bert_tune"])
    assert settings.defaults(COMMANDS["bert_finetune"]) == {"metric": "macro_f1"}
    assert settings.defaults(COMMANDS["bert_pretrain"]) == {}
    settings.metric = "loss"
    assert settings.defaults(COMMANDS["bert_pretrain"]) == {"metric": "loss"}


def test_home_moves_the_run_folder(run, shell, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", "/before")
    run("%config BertMagic.home = '~/runs'")
    run("%config BertMagic.home = '~/runs2'")
    assert os.environ["BERTMAGIC_HOME"] == str(Path("~/runs2").expanduser())
    unregister(shell)
    assert os.environ["BERTMAGIC_HOME"] == "/before"


def test_home_goes_away_again(run, shell, monkeypatch):
    monkeypatch.delenv("BERTMAGIC_HOME", raising=False)
    run("%config BertMagic.home = 'here'")
    run("%config BertMagic.home = ''")
    assert "BERTMAGIC_HOME" not in os.environ


def test_offline_asks_no_network_until_it_is_off(run, shell, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    run("%config BertMagic.offline = True")
    assert hub.is_offline()
    run("%config BertMagic.offline = False")
    assert not hub.is_offline()


def test_full_tracebacks(run):
    short = run("%bert_predict word").out
    assert len(short.strip().splitlines()) <= 6
    run("%config BertMagic.traceback = 'full'")
    full = run("%bert_predict word").out
    assert "Traceback (most recent call last)" in full
    assert "Traceback (most recent call last)" in run("%tb").out


def test_every_setting_is_listed(run):
    listed = run("%config BertMagic").out
    for name in ("model", "device", "precision", "home", "traceback", "batch_size", "epochs", "seed", "lr"):
        assert f"BertMagic.{name}=" in listed
