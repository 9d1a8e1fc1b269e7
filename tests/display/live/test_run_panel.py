import json
import re
from dataclasses import replace

import plotly.graph_objects as go
import pytest

from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.live.run_panel import RunPanel
from bertmagic.display.live.run_state import Run
from bertmagic.events import Note, Phase

from ..runs import HOSTILE, Clock, ended, evaluated, started, step
from ..tags import Tags

STEPS = [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)]


@pytest.fixture
def panel():
    return RunPanel(Run(Clock()))


@pytest.fixture(scope="module", params=STEPS)
def steps(request):
    """The steps of a run with 500 evaluations, the fifth of them the best."""
    return request.param


@pytest.fixture(scope="module")
def long(steps):
    panel = RunPanel(Run(Clock()))
    panel.take(started(steps, name='"' * 100))
    every = steps // 500
    for at in range(1, steps):
        panel.take(step(at, steps))
        if at % every == 0:
            panel.take(evaluated(at, steps, best=at == 5 * every))
    for _ in range(100):
        panel.take(Note(HOSTILE * 10, warning=True))
    return panel


def test_the_first_frame_is_not_empty(panel):
    assert "Getting ready to train" in panel.frame()["text/html"]


def test_a_frame_is_at_most_20_kb_however_long_the_run(long):
    frame = long.frame()
    assert len(json.dumps(frame)) <= 20_000
    assert len(frame["text/plain"].splitlines()) <= 10


def test_a_long_run_shows_the_best_and_the_last_evaluations_and_counts_the_others(long, steps):
    html = long.frame()["text/html"]
    assert "499 evaluations on 800 validation rows" in html
    assert "486 not shown" in html
    assert f">{steps // 100:,}<" in html
    assert html.count("★ best") == 1


def test_a_run_without_validation_rows_says_so_and_has_no_table_of_evaluations(panel):
    for event in (replace(started(2), validation_rows=0), step(1, 2), step(2, 2), ended(2)):
        panel.take(event)
    head, _, words = panel.final()
    assert "no rows were held out for validation" in head["text/plain"]
    assert "No rows were held out for validation." in words["text/html"]
    assert "evaluation" not in words["text/html"]
    assert "<th" not in words["text/html"]


def test_the_last_frame_is_a_small_figure_with_the_words_below_it(long, steps):
    long.take(ended(steps, steps // 100))
    head, final, forms = long.final()
    assert set(final) == {MIMETYPE, "text/html", "text/plain"}
    figure = final[MIMETYPE]
    assert len(json.dumps(figure)) < 60_000
    assert max(len(trace["x"]) for trace in figure["data"]) <= 400
    assert "template" not in figure["layout"]
    go.Figure(data=figure["data"], layout=figure["layout"])
    assert "<svg" in final["text/html"]
    assert "<table" in forms["text/html"]
    assert len(head["text/plain"].splitlines()) <= 10
    assert "Finished after all" in head["text/plain"]
    assert "Finished after all" in head["text/html"]
    assert "499 evaluations on 800 validation rows" in forms["text/html"]
    assert len(json.dumps(forms)) < 500_000
    assert forms["text/html"].count("Warning: ") == forms["text/plain"].count("Warning: ") == 100


def test_all_stays_in_its_place_when_a_run_ends(panel):
    panel.take(started(10))
    for at in range(1, 11):
        panel.take(step(at, 10))
    panel.take(evaluated(10, 10))
    live = panel.frame()["text/html"]
    panel.take(ended(10, 10))
    last = "".join(bundle["text/html"] for bundle in panel.final())
    parts = ("sentiment", 'role="status"', "progressbar", "elapsed", "tokens/s", "<svg", "evaluation on", "note")
    for page in (live, last):
        at = [page.lower().index(part.lower()) for part in parts if part != "note"]
        assert at == sorted(at)
    assert live.split("<svg")[0].count("<div") == last.split("<svg")[0].count("<div") - 1  # charts have an output


def test_where_the_last_weights_are_kept_there_is_no_column_for_the_best(panel):
    panel.take(started(10))
    panel.take(step(5, 10))
    panel.take(evaluated(5, 10, best=False))
    before = Tags(panel.frame()["text/html"])
    assert "best" not in before.words
    panel.take(evaluated(6, 10, best=True))
    after = Tags(panel.frame()["text/html"])
    assert "best" in after.words
    assert after.tags.count("th") > before.tags.count("th")


def test_hostile_names_and_notes_are_text(panel):
    panel.take(Phase(HOSTILE, 1, 2, HOSTILE))
    panel.take(Note(HOSTILE))
    panel.take(started(3, name=HOSTILE))
    frame = panel.frame()
    assert "img" not in Tags(frame["text/html"]).tags
    json.dumps(frame, ensure_ascii=False).encode()


def test_the_meaning_stays_when_attributes_and_images_are_stripped(panel):
    panel.take(started(10))
    for at in range(1, 8):
        panel.take(step(at, 10))
    panel.take(evaluated(5, 10))
    panel.take(Note("labels were inferred"))
    panel.take(Note("312 rows are duplicates", warning=True))
    stripped = re.sub(r"(?s)<svg.*?</svg>", "", panel.frame()["text/html"])
    words = " ".join(Tags(re.sub(r"<(/?\w+)[^>]*>", r"<\1>", stripped)).words)
    for expected in ("sentiment", "step 7 of 10 (70.0 %)", "epoch 2.10 of 3", "samples/s", "tokens/s", "padding",
                     "memory", "smoothed", "macro F1 0.4000", "★ best", "Note: labels", "Warning: 312 rows",
                     "Learning rate"):  # fmt: skip
        assert expected in words


def test_a_note_on_the_start_of_the_head_is_whole(panel):
    losses = "(cross-validated loss 0.323 for the mean, 0.692 for the first token)"
    note = f"The head reads the mean of the tokens {losses}, and starts from a linear model of it {losses}."
    panel.take(Note(note))
    frame = panel.frame()
    assert note in frame["text/html"]
    assert note in frame["text/plain"]


def test_earlier_notes_are_folded_and_all_are_there_at_the_end(panel):
    notes = [f"the {at}th thing to know <b>" for at in range(9)]
    for note in notes:
        panel.take(Note(note, warning=note == notes[2]))
    frame = panel.frame()
    folded, newest = frame["text/html"].split("<details>")[1].split("</details>")
    assert Tags(folded).words == [
        "4 earlier notes, 1 warning among them", f"Note: {notes[0]}", f"Note: {notes[1]}", f"⚠ Warning: {notes[2]}",
        f"Note: {notes[3]}",
    ]  # fmt: skip
    assert [note in newest.replace("&lt;", "<").replace("&gt;", ">") for note in notes] == [False] * 4 + [True] * 5
    assert "6th thing to know <b> (and 6 notes before it)" in frame["text/plain"]
    panel.take(started(10))
    for at in range(1, 11):
        panel.take(step(at, 10))
    panel.take(ended(10, 10))
    words = panel.final()[-1]
    assert [words["text/plain"].index(note) for note in notes] == sorted(words["text/plain"].index(n) for n in notes)
    shown = [one for one in Tags(words["text/html"]).words if "thing" in one]
    assert notes == [re.sub("^(⚠ Warning|Note): ", "", one) for one in shown]
    assert "<details><summary" in words["text/html"]


def test_a_run_that_ends_before_its_first_step_says_all_notes_and_no_error(panel):
    for at in range(7):
        panel.take(Note(f"note {at}."))
    panel.stop("by an error (DataError)")
    (final,) = panel.final()
    for at in range(7):
        assert f"Note: note {at}." in final["text/html"]
        assert f"Note: note {at}." in final["text/plain"]


def test_notes_beyond_those_kept_are_counted(panel):
    for at in range(130):
        panel.take(Note(f"note {at}."))
    panel.stop("before the end")
    (final,) = panel.final()
    assert "125 earlier notes" in final["text/html"]
    for page in final.values():
        assert "30 notes before these in events.jsonl of the run" in page
        assert "note 30." in page


def test_only_a_short_status_is_read_aloud(panel):
    html = panel.frame()["text/html"]
    assert html.count("aria-live") == 1
    assert 'aria-live="polite">Starting</div>' in html


def test_a_run_without_steps_ends_as_words(panel):
    panel.stop("by an error (DataError)")
    (final,) = panel.final()
    assert set(final) == {"text/html", "text/plain"}
    assert "Stopped by an error (DataError)" in final["text/html"]
    assert "Nothing was trained" in final["text/html"]
    assert not {"svg", "table"} & set(Tags(final["text/html"]).tags)


def test_a_run_that_chooses_by_loss(panel):
    panel.take(started(10, metric="loss"))
    panel.take(step(1, 10))
    panel.take(evaluated(1, 10))
    assert "validation loss" in panel.frame()["text/html"]


def test_there_is_no_script_no_style_sheet_and_no_address(long):
    html = long.frame()["text/html"].replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"<script|<style|https?://|url\(", html)
