"""A user's session, cell by cell, in one real kernel."""

import re

import pytest

from .client import FIGURE

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::ResourceWarning")]

PROBE = """
import sys
torch_at_first_frame = []

def _look(message):
    if message["msg_type"] == "display_data":
        torch_at_first_frame.append("torch" in sys.modules)
    return message

get_ipython().display_pub.register_hook(_look)
"""

ROWS = """
import pandas as pd
reviews = pd.read_json("reviews.json")
test_df = reviews.tail(60)
"""

FINETUNE = """%%bert_finetune sentiment
train      = reviews.head(340)
text       = "review"
label      = "mood"
model      = "tinybert"
epochs     = 12
lr         = 2e-3
batch_size = 8
eval_every = 50
"""

HOSTILE = [
    "{braces} and {0!r} and {reviews}",
    "$reviews costs $5 %s 100 % %%time %matplotlib",
    "# no comment, and a # inside",
    """she said "good", he said 'bad' """.strip(),
    r"C:\\new\table.csv and \t and \N{DASH}".replace("\\\\", "\\"),
    "</script><script>alert(1)</script>",
    '<img src=x onerror="alert(1)"> &amp; <b>',
    "emoji 🎉 👩‍👩‍👧 and 中文 and ¿qué?",
]


@pytest.fixture(scope="module", autouse=True)
def forked_kernels():
    """No forks here: it matters when torch is imported."""


@pytest.fixture(scope="module", autouse=True)
def prepared(kernel):
    kernel.good("%load_ext bertmagic")
    kernel.good(PROBE)
    kernel.good(ROWS)


@pytest.fixture(scope="module")
def trained(kernel):
    return kernel.good(FINETUNE)


def test_the_extension_loads_without_a_word(kernel):
    assert kernel.good("%load_ext bertmagic").printed.startswith("The bertmagic extension is already loaded")
    assert kernel.good("%reload_ext bertmagic").messages[-1]["msg_type"] == "status"


def test_the_first_frame_comes_before_torch(kernel, trained):
    assert kernel.value("torch_at_first_frame")[0] is False
    assert kernel.value("'torch' in sys.modules") is True
    assert trained.panel[0].text.startswith("Getting ready to train")


def test_the_panel_is_one_output_that_is_updated(trained):
    first, *rest = trained.panel
    assert not first.update
    assert all(frame.update for frame in rest)
    assert len(rest) >= 3


def test_frames_are_few_and_small(trained):
    frames = trained.panel
    assert all(len(frame.html.encode()) <= 20_000 for frame in frames)
    stepping = [frame for frame in frames if "\nTraining\n" in frame.text]
    seconds = float(re.search(r"in ([\d.]+) s;", frames[-1].text)[1])
    assert 2 <= len(stepping) <= 4 * seconds + 1
    lasted = (frames[-1].sent - frames[0].sent).total_seconds()
    assert len(frames) <= 4 * lasted + 2


def test_the_last_frame_is_the_words_and_a_figure_and_its_table_follow(trained):
    assert all(FIGURE not in frame.data for frame in trained.panel)
    last, figure, table = trained.kept[:3]
    assert last == trained.panel[-1]
    assert set(last.data) == set(table.data) == {"text/html", "text/plain"}
    assert set(figure.data) == {FIGURE, "text/html", "text/plain"}
    assert "<table" in table.html
    assert "<svg" in figure.html
    assert "Finished after all" in last.text
    assert len(last.text.splitlines()) <= 10
    assert figure.data[FIGURE]["data"]


def test_the_report_follows_the_panel(trained):
    report, *page = trained.kept[3:]
    assert set(report.data) == {"text/html", "text/plain"}
    assert all("<details>" in one.data["text/html"] for one in page)
    assert report.text.startswith("sentiment: accuracy ")
    assert "predicted →" in report.text
    assert trained.result is None
    assert trained.printed == ""


def test_the_name_is_bound_to_the_model(kernel, trained):
    assert kernel.good("sentiment").result["text/plain"].startswith("TextModel 'sentiment'")
    assert kernel.value("list(sentiment.labels)") == ["bad", "good"]
    assert kernel.value("sentiment.report.metrics['accuracy'] > 0.9") is True


@pytest.mark.usefixtures("trained")
class TestUse:
    def test_predict_returns_a_result(self, kernel):
        cell = kernel.good('%bert_predict "the film was great" "the plot was awful"')
        assert set(cell.result) == {"text/plain", "text/html"}
        assert cell.kept == []
        assert kernel.value("list(_.frame.label)") == ["good", "bad"]

    def test_predict_is_assigned(self, kernel):
        cell = kernel.good("x = %bert_predict test_df.review -m sentiment")
        assert cell.result is None
        assert kernel.value("(len(x.frame), x.frame.index.equals(test_df.index))") == (60, True)

    def test_predict_binds_and_is_silenced(self, kernel):
        cell = kernel.good('%bert_predict "the story was dull" -m sentiment -o kept;')
        assert cell.result is None
        assert cell.kept == []
        assert kernel.value("kept.frame.label[0]") == "bad"

    def test_a_cell_of_texts_is_shown_once(self, kernel):
        cell = kernel.good("%%bert_predict -m sentiment -o answers\nthe film was good\nthe price was bad")
        assert [set(frame.data) for frame in cell.kept] == [{"text/plain", "text/html"}]
        assert cell.result is None
        assert kernel.value("list(answers.frame.label)") == ["good", "bad"]

    def test_evaluate_by_a_column(self, kernel):
        cell = kernel.good("%bert_evaluate test_df -m sentiment --by thing")
        report, *page = cell.kept
        assert "60 rows measured" in report.text
        assert {"film", "book"} <= set(re.findall(r"thing\s+(\w+)", report.text))
        assert "right" in report.text
        assert all('sandbox="allow-scripts"' in one.data["text/html"] for one in page)
        assert kernel.value("round(_.metrics['accuracy'], 1)") >= 0.9

    def test_save_load_and_unload(self, kernel):
        assert "models/mine" in kernel.good("%bert_save sentiment models/mine").result["text/plain"]
        kernel.good("%bert_load models/mine --as again;")
        same = "(again.predict(test_df).frame.score == sentiment.predict(test_df).frame.score).all().item()"
        assert kernel.value(same) is True
        assert "'again'" in kernel.good("again").result["text/plain"]
        assert "again is unloaded" in kernel.good("%bert_unload again").printed
        assert kernel.value("'again' in globals()") is False
        assert kernel.value("'sentiment' in globals()") is True

    def test_what_is_here(self, kernel):
        assert "minilm" in kernel.good("%bert_models").result["text/plain"]
        status = kernel.good("%bert_status").result
        assert "sentiment" in status["text/plain"]
        assert "<table" in status["text/html"]
        data = kernel.good('%bert_data reviews --text review --label mood -m "tinybert"').result
        assert data["text/plain"].startswith("reviews: 400 rows")

    @pytest.mark.parametrize("way", ["expression", "variable", "column"])
    def test_hostile_texts_arrive_unchanged(self, kernel, way):
        kernel.good(f"hostile = {HOSTILE!r}\nframe = pd.DataFrame({{'review': hostile}})")
        typed = {"expression": "{list(hostile)}", "variable": "hostile", "column": "frame.review"}[way]
        cell = kernel.good(f"%bert_predict {typed} -m sentiment -o held")
        assert kernel.value("list(held.frame.text)") == HOSTILE
        assert "<script" not in cell.result["text/html"]
        assert "<img" not in cell.result["text/html"]

    def test_hostile_texts_in_a_cell_arrive_unchanged(self, kernel):
        kernel.good("\n".join(["%%bert_predict -m sentiment -o held", *HOSTILE]))
        assert kernel.value("list(held.frame.text)") == HOSTILE

    @pytest.mark.parametrize("text", [text for text in HOSTILE if not {'"', "'"} <= set(text)])
    def test_a_hostile_text_in_quotes_arrives_unchanged(self, kernel, text):
        quote = "'" if '"' in text else '"'
        kernel.good(f"%bert_predict {quote}{text}{quote} -m sentiment -o held")
        assert kernel.value("list(held.frame.text)") == [text]


def outputs(cell):
    """Return the kinds of messages that a front end shows."""
    kinds = ("stream", "display_data", "update_display_data", "clear_output", "execute_result", "error")
    return [message["msg_type"] for message in cell.messages if message["msg_type"] in kinds]


def test_a_new_kernel_finds_the_run(kernel, trained):
    before = kernel.value("sentiment.predict('a lovely film').frame.score.tolist()")
    kernel.restart()
    kernel.good("%load_ext bertmagic")
    cell = kernel.good('%bert_predict "a lovely film" -m sentiment -o after')
    assert [frame.text for frame in cell.kept if frame.text.startswith("Working")] == []  # the first sign is gone again
    assert outputs(cell)[0] == "display_data"
    assert outputs(cell)[-2:] == ["clear_output", "execute_result"]  # so that nothing is left, not even an empty output
    kernel.restart()
    kernel.good("%load_ext bertmagic")
    cell = kernel.good(
        'print("mine")\nafter = get_ipython().run_line_magic("bert_predict", "\'a lovely film\' -m sentiment")'
    )
    assert cell.printed == "mine\n"
    assert "clear_output" not in outputs(cell)  # it would take away what was printed
    assert cell.kept == []
    assert kernel.value("after.frame.score.tolist()") == before
    kernel.good("%bert_load sentiment")
    assert kernel.good("sentiment").result["text/plain"].startswith("TextModel 'sentiment'")
