from bertmagic.models import catalogue

NAMED = ("minilm", "bert", "distilbert", "roberta", "modernbert", "mbert", "bert-chinese")


def test_the_catalogue_tells_all_that_one_wants_to_know():
    entries = catalogue.listed().entries
    assert set(NAMED) <= {entry.alias for entry in entries}
    assert len({entry.alias for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.parameters > 1e6
        assert entry.max_length >= 512
        assert 1e-6 < entry.lr < 1e-3
        assert entry.ref.count("/") == 1
        assert all((entry.languages, entry.licence, entry.about))


def test_there_is_a_tuned_model_for_each_of_the_usual_tasks():
    tuned = {entry.tuned for entry in catalogue.listed().entries}
    assert tuned == {"", "sentiment", "entities", "answers"}


def test_what_is_not_here_is_not_said_to_be():
    on_disk = {entry.alias: entry.on_disk for entry in catalogue.listed().entries}
    assert not on_disk["bert-large"]
    assert on_disk["minilm"] == (catalogue.packaged("minilm") is not None)
