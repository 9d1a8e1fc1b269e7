"""Here intervals are tested, so they are of as many draws as a user's."""

import pytest

from bertmagic.evaluation import bootstrap


@pytest.fixture(scope="package", autouse=True)
def all_draws(real_draws):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", real_draws)
        yield
