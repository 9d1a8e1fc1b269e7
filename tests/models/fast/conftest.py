"""The loop that word embeddings of the tokens in use are tried in."""

from tests.training.conftest import make_loop  # noqa: F401 - a fixture
