import numpy as np

from bertmagic.data.split import holdout

TARGETS = np.array([0] * 80 + [1] * 19 + [2])


def test_the_split_is_stratified_and_whole():
    train, validation = holdout(TARGETS, 0.2, seed=0)
    assert sorted([*train, *validation]) == list(range(100))
    assert np.bincount(TARGETS[validation], minlength=3).tolist() == [16, 4, 0]


def test_the_same_seed_gives_the_same_split():
    one, again, other = (holdout(TARGETS, 0.2, seed=seed)[1].tolist() for seed in (3, 3, 4))
    assert one == again != other


def test_each_class_of_two_rows_stands_on_both_sides():
    targets = np.array([0, 0, 1, 1, 2, 2])
    for share in (0.01, 0.5):
        train, validation = holdout(targets, share, seed=1)
        assert targets[train].tolist() == targets[validation].tolist() == [0, 1, 2]


def test_copies_of_a_text_go_to_one_side():
    copies = np.repeat(np.arange(50), 2)
    train, validation = holdout(np.repeat(np.arange(50) % 2, 2), 0.2, seed=0, copies=copies)
    assert len(validation) == 20
    assert not set(copies[train]) & set(copies[validation])


def test_a_class_whose_rows_are_all_copies_of_another_stays_in_train():
    targets = np.array([0] * 10 + [1])
    for seed in range(20):
        copies = np.array([*range(10), 3])
        train, _ = holdout(targets, 0.5, seed, copies)
        assert set(targets[train]) == {0, 1}
