import numpy as np
import pytest

from bertmagic.errors import DataError, OptionError


def explained(model, *texts, **options):
    return model.explain(*texts, show=False, **options)


def test_the_frame_has_the_words_with_their_characters_and_scores_towards_the_target(learnt):
    text = "the film was awful  and long"
    found = explained(learnt, text, target="bad")
    frame = found.frame
    assert frame.word.tolist() == text.split()
    assert [text[start:end] for start, end in zip(frame.start, frame.end, strict=True)] == text.split()
    assert frame.word[frame.score.idxmax()] == "awful"
    assert found.score == pytest.approx(float(learnt.predict([text], show=False).frame.p_bad[0]), abs=1e-5)
    other = explained(learnt, text, target="good")
    assert np.allclose(frame.score, -other.frame.score, atol=1e-4)


@pytest.mark.parametrize(("kind", "targets"), [
    ("multi_label", {"bad", "good", "long"}), ("regression", {"value"}), ("pairs", {"yes", "no"}),
    ("question_answering", {"answer"}), ("token_classification", None), ("masked_language_modeling", None),
])  # fmt: skip
def test_every_task_is_explained(small, kind, targets):
    texts = {
        "pairs": ("the film was good", "it was bad"), "question_answering": ("what was it ?", "the film was good"),
        "masked_language_modeling": ("the film was [MASK] and long",),
    }.get(kind, ("the film was good",))  # fmt: skip
    found = explained(small(kind), *texts)
    words = " ".join(texts).replace("[MASK] ", "").split()
    assert found.frame.word.tolist() == words
    assert targets is None or found.target in targets
    assert np.isfinite(found.frame.score).all()
    assert ("side" in found.frame) == (len(texts) > 1)
    assert found.target in repr(found)


def test_what_cannot_be_explained_is_said(learnt):
    with pytest.raises(DataError, match="no text to read"):
        explained(learnt, "  ")
    with pytest.raises(OptionError, match=r"no target 'goood'. Did you mean 'good'\?"):
        explained(learnt, "the film was fine", target="goood")
