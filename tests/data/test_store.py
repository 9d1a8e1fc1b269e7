"""Entries of the caches of tokens and of vectors: a flipped bit is noticed, and the entry counts as missing."""

import random

import numpy as np
import pytest

from bertmagic.data import cache, store
from bertmagic.inference import vector_cache


@pytest.mark.parametrize("kind", ["tokens", "vectors"])
def test_a_flipped_bit_of_an_entry_is_noticed(tmp_path, tokenizer, kind):
    path = tmp_path / f"entry.{kind}"
    if kind == "tokens":
        texts = [f"the film was good {at}" for at in range(50)]
        read, batch = cache.read, cache._record_batch(cache.Fresh(tmp_path, tokenizer, 32).encode(texts))
    else:
        read, batch = vector_cache._read, vector_cache._record_batch(np.ones((40, 32), np.float32))
    store.write(path, batch)
    content = path.read_bytes()
    assert read(path) is not None
    size = 8 * len(content)
    for at in (0, size - 1, *random.Random(0).sample(range(size), 200)):
        damaged = bytearray(content)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        assert read(path) is None, at
    path.write_bytes(content)
    assert read(path) is not None
