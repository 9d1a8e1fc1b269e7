import pytest
from IPython.core.completer import provisionalcompleter

from bertmagic.data import samples
from bertmagic.magics import complete
from bertmagic.models.catalogue import ALIASES
from tests import strangers


@pytest.fixture
def offered(shell, reviews):
    """Return what the completer offers at the mark ¦ of a cell (or at its end), as the text of the cell would be."""

    def offered(cell):
        at = cell.index("¦") if "¦" in cell else len(cell)
        text = cell.replace("¦", "")
        with provisionalcompleter():
            completions = list(shell.Completer.completions(text, at))
        assert all(
            text[item.start : at] == text[completions[0].start : at] for item in completions if item.type == "param"
        )
        return [item.text for item in completions if item.type == "param"]

    return offered


@pytest.fixture
def alone(shell):
    def alone(cell):
        with provisionalcompleter():
            return all(item.type == "param" for item in shell.Completer.completions(cell, len(cell)))

    return alone


@pytest.mark.parametrize(
    "magic", ["%bert_finetune", "%%bert_finetune", "x = %bert_finetune", "a.b['c'] = %bert_finetune"]
)
@pytest.mark.parametrize("jedi", [True, False])
def test_flags_after_every_kind_of_magic(magic, jedi, offered, alone, shell):
    shell.Completer.use_jedi = jedi
    assert offered(f"{magic} --ba") == ["--batch-size", "--background", "--baselines"]
    assert offered(f"{magic} --batch_") == ["--batch-size"]
    assert offered(f"{magic} --schedule co") == ["cosine", "constant"]
    assert offered(f"{magic} --schedule=co") == ["cosine", "constant"]
    assert "reviews" in offered(f"{magic} --train re")
    assert alone(f"{magic} --ba")


def test_flags_are_offered_once_unless_they_repeat(offered):
    assert "--epochs" not in offered("%bert_finetune --epochs 3 --")
    assert "--by" in offered("%bert_evaluate reviews --by language --")
    assert "--model" not in offered("%bert_predict 'x' -m clf --")
    assert {"-m", "--model", "-o", "--help"} <= set(offered("%bert_predict 'x' -"))


def test_an_empty_place_offers_values_and_flags(offered):
    offers = offered("%bert_evaluate ")
    assert offers.index("reviews") < offers.index("sample:reviews") < offers.index("--model")


def test_models(offered, run, api):
    run("%bert_finetune clf --train reviews;")
    offers = offered("%bert_predict 'x' -m ")
    assert offers[:3] == ["clf", "monday", "tuesday"]
    assert set(ALIASES) <= set(offers)
    assert "reviews" not in offers
    assert offered("%bert_predict 'x' --model=mo") == ["monday", "modernbert"]
    assert offered("%bert_predict 'x' -m \"mon") == ["monday"]
    assert "clf" in offered("%bert_unload ")
    assert offered("%%bert_finetune c") == ["clf"]


def test_columns_of_the_data_on_the_line(offered, shell):
    assert offered("%bert_evaluate reviews --by ") == ["review", "stars", "language"]
    assert offered("%bert_evaluate reviews --by=la") == ["language"]
    assert offered("%bert_predict reviews --text re") == ["review"]
    assert offered("%bert_finetune --text ") == []
    shell.user_ns["odd"] = {"my text": ["a"], 'say "x"': ["b"]}
    assert offered("%bert_data odd --text ") == ['"my text"', "'say \"x\"'"]
    assert offered("%bert_data odd --text my") == ['"my text"']
    assert offered("%bert_data odd --text 'my") == ["my text"]
    assert offered("%bert_data odd --text 'my t") == ["my text"]


def test_data(offered, shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("rows.csv", "rows.py", "two words.csv"):
        (tmp_path / name).touch()
    assert offered("%bert_data ro") == ["rows.csv"]
    assert offered("%bert_data two") == ['"two words.csv"']
    assert offered("%bert_data sample:") == [f"sample:{name}" for name in samples.names()]
    assert offered("%bert_predict --file r") == ["rows.csv", "rows.py"]
    assert offered("%bert_predict --file ./fol") == ["./folder/"]
    assert offered("%bert_data ¦ --text x")[0] == "reviews"


def test_texts(offered, shell):
    shell.user_ns.update(words=["a"], number=3, function=print, kind=str)
    offers = offered("%bert_predict ")
    assert {"words", "reviews"} <= set(offers)
    assert not {"number", "function", "kind"} & set(offers)


@pytest.mark.parametrize(
    "cell",
    [
        "%bert_predict 'done'",
        "%bert_predict {re",
        "%bert_predict 'so",
        "x = 3\nbert_f",
        "%other --ba",
        "%bert_nothing --b",
    ],
)
def test_places_where_nothing_is_known(cell, offered):
    assert offered(cell) == []


def test_lines_that_go_on(offered):
    assert offered("%bert_evaluate reviews \\\n   --by la") == ["language"]
    assert offered("x = 1\n%bert_evaluate reviews --by la") == ["language"]


def test_a_body_offers_options(offered, alone):
    assert offered("%%bert_finetune clf\nep") == ["epochs"]
    assert offered("%%bert_finetune clf --epochs 3\nep") == []
    assert offered("%%bert_finetune clf\nepochs = 1\nep") == []
    assert offered("%%bert_finetune clf\nep¦\nepochs = 1") == []
    assert "train" in offered("%%bert_finetune clf\n")
    assert offered("%%bert_finetune clf\ntrain = [\nep") == []
    assert offered("%%bert_predict\nep") == []
    assert alone("%%bert_finetune clf\nep")


def test_a_body_offers_choices(offered):
    head = "%%bert_finetune clf\n"
    assert offered(head + "schedule = ") == ['"linear"', '"cosine"', '"constant"']
    assert offered(head + "schedule = co") == ['"cosine"', '"constant"']
    assert offered(head + 'schedule = "co') == ["cosine", "constant"]
    assert offered(head + "schedule='c¦'") == ["cosine", "constant"]
    assert offered(head + "resume = ") == ["True", "False"]
    assert offered(head + "epochs = ") == []
    assert offered(head + 'train = "sam') == [f"sample:{name}" for name in samples.names()]
    assert '"minilm"' in offered(head + "model = ")
    assert "minilm" in offered(head + 'model = "mi')


def test_a_body_offers_columns(offered):
    head = "%%bert_finetune clf\ntrain = reviews\n"
    assert offered(head + "text = ") == ['"review"', '"stars"', '"language"']
    assert offered(head + "text = re") == ['"review"']
    assert offered(head + 'text = "re') == ["review"]
    assert offered(head + 'text = ["review", "la') == ["language"]
    assert offered('%%bert_finetune clf\nlabel = "st¦"\ntrain = reviews') == ["stars"]
    assert offered('%%bert_finetune clf --train reviews\nlabel = "st') == ["stars"]


def test_python_stays_where_any_expression_may_stand(shell, reviews):
    cell = "%%bert_finetune clf\ntrain = rev"
    with provisionalcompleter():
        completions = {item.text for item in shell.Completer.completions(cell, len(cell))}
    assert {"reviews", "reversed"} <= completions


def test_an_ipython_without_matchers_loads_without_completion(shell, monkeypatch):
    monkeypatch.delattr("IPython.core.completer.context_matcher")
    complete.detach(shell)
    complete.attach(shell)
    assert not any(
        getattr(matcher, "matcher_identifier", "") == "bertmagic" for matcher in shell.Completer.custom_matchers
    )


def test_an_object_that_misbehaves_hides_no_other(offered, shell, capsys):
    class Rude:
        @property
        def columns(self):
            raise RuntimeError

    shell.user_ns["rude"] = Rude()
    assert offered("%bert_data re") == ["reviews"]
    assert offered("%bert_data rude.columns --text ") == []
    assert capsys.readouterr().err == ""


def test_a_look_through_the_variables_asks_nothing_of_them(offered, shell):
    shell.user_ns |= strangers.objects() | {3: "no name"}
    strangers.ASKED.clear()
    for line in (
        "%bert_data ",
        "%bert_predict ",
        "%bert_predict 'x' -m ",
        "%bert_unload ",
        "%%bert_finetune\ntrain = ",
    ):
        assert "numpy" not in offered(line)
    assert strangers.ASKED == []


def test_runs_by_name_two_of_them_after_diff(offered):
    assert offered("%bert_runs m") == ["monday"]
    assert offered("%bert_runs --diff ") == ["monday", "tuesday", "wednesday"]
    assert offered("%bert_runs --diff monday t") == ["tuesday"]
    assert offered("%bert_runs --diff monday ") == ["monday", "tuesday", "wednesday"]
    assert offered("%bert_runs --sort macro_f1") == ["macro_f1"]
    assert offered("%bert_runs --against ") == ["date", "seconds", "steps"]
    assert offered("%bert_runs --state fa") == ["failed"]


def test_models_and_data_of_a_comparison(offered, run):
    run("%bert_finetune clf --train reviews;")
    assert "majority" in offered("%bert_compare ")
    assert offered("%bert_compare clf re") == ["reviews"]
    assert offered("%bert_compare clf tf") == ["tfidf"]
    assert {"monday", "reviews", "sample:reviews"} <= set(offered("%bert_compare clf "))
    assert offered("%bert_compare clf monday reviews --label st") == ["stars"]
