"""scikit-learn's own checks of estimators.

They pass rows of numbers, which `made` reads as texts. The estimators themselves tell scikit-learn that they read
strings, so that it does not run these checks on them.
"""

import pytest
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from bertmagic.sklearn import BertClassifier, BertRegressor, BertVectorizer

from .made import QUICK, Classifier, Regressor, Vectorizer

FAILING = {
    "check_classifiers_train": "one step on 200 rows does not reach its accuracy",
    "check_regressors_train": "one step on 200 rows does not reach its score",
    "check_methods_subset_invariance": "sums of float32 in a batch of another size differ by more than 1e-7",
}
SHORT = (
    "check_no_attributes_set_in_init", "check_estimators_overwrite_params", "check_dont_overwrite_parameters",
    "check_estimators_unfitted", "check_do_not_raise_errors_in_init_or_set_params", "check_mixin_order",
    "check_estimators_pickle", "check_classifiers_one_label", "check_supervised_y_no_nan", "check_requires_y_none",
    "check_classifiers_regression_target", "check_parameters_default_constructible", "check_set_params",
    "check_get_params_invariance", "check_fit_check_is_fitted", "check_n_features_in", "check_transformer_general",
    "check_estimator_cloneable", "check_estimator_tags_renamed", "check_valid_tag_types", "check_estimator_repr",
    "check_fit_idempotent", "check_transformers_unfitted", "check_regressors_int",
)  # fmt: skip
"""Those that say most in little time; `make soak` runs all."""


def made(kind, encoder):
    quick = {} if kind is Vectorizer else QUICK
    return kind(model=str(encoder), **quick)


def named(check):
    return getattr(getattr(check, "func", check), "__name__", "")


@pytest.mark.parametrize("kind", [Classifier, Regressor, Vectorizer])
@pytest.mark.filterwarnings("ignore")
def test_the_quick_checks(kind, encoder):
    done = set()
    for estimator, check in estimator_checks_generator(made(kind, encoder)):
        if named(check) in SHORT and named(check) not in done:
            done.add(named(check))
            check(estimator)
    assert len(done) >= 15


@pytest.mark.soak
@pytest.mark.parametrize("kind", [Classifier, Regressor, Vectorizer])
@pytest.mark.filterwarnings("ignore")
def test_all_checks(kind, encoder):
    results = check_estimator(made(kind, encoder), expected_failed_checks=FAILING, on_skip=None)
    unexpected = [one["check_name"] for one in results if one["status"] not in ("passed", "xfail", "skipped")]
    assert (len(results) >= 45, unexpected) == (True, [])


@pytest.mark.parametrize("kind", [BertClassifier, BertRegressor, BertVectorizer])
def test_the_tags_say_what_is_read(kind):
    tags = kind().__sklearn_tags__()
    assert (tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array) == (True, True, False)
    assert tags.target_tags.required == (kind is not BertVectorizer)
