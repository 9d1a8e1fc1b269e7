import pytest


@pytest.fixture
def at_home(learnt, monkeypatch):
    """The model that has learnt, in the folder of its run."""
    monkeypatch.setenv("BERTMAGIC_HOME", str(learnt.folder.parent.parent.parent))
    return learnt
