"""Memory runs out at some allocation of a run: one error of ours, or smaller pieces, and the process goes on."""

import errno
import random

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import bertmagic as bm
from bertmagic.errors import DeviceError, is_out_of_memory, named_memory_errors

KINDS = (
    lambda: RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
    lambda: RuntimeError("could not create a primitive"),
    lambda: RuntimeError("unable to mmap 4096 bytes from file </torch_1_2>: Cannot allocate memory (12)"),
    lambda: MemoryError("Unable to allocate 2.0 GiB for an array"),
    lambda: OSError(errno.ENOMEM, "Cannot allocate memory"),
)
OPTIONS = {"text": "text", "label": "label", "epochs": 2, "batch_size": 16, "show": False, "precision": "fp32"}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB)"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."), True),
        *((kind(), True) for kind in KINDS),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
        (OSError(errno.ENOSPC, "No space left on device"), False),
    ],
)
def test_too_little_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected
    wanted = DeviceError if expected else type(error)
    with pytest.raises(wanted) as caught, named_memory_errors():
        raise error
    if expected:
        assert (str(error) or "MemoryError").splitlines()[0] in caught.value.what
        assert caught.value.__suppress_context__


class Failing(TorchDispatchMode):
    """Fails the ``at``-th operation of PyTorch in its block; counts them."""

    def __init__(self, at=-1, error=None):
        super().__init__()
        self.count, self.at, self.error, self.was = 0, at, error, ""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += 1
        if self.count == self.at:
            self.was = str(func)
            raise self.error
        return func(*args, **(kwargs or {}))


@pytest.fixture
def workout(encoder, make_rows):
    """Return a function that trains and predicts with an allocation that fails; the first call counts operations."""
    data = make_rows(48)

    def run(failing):
        with failing:
            model = bm.finetune(data, model=encoder, name="m", **OPTIONS)
            return model.predict(list(data["text"][:8]), show=False).frame

    return run


def _moments(workout, count):
    whole = Failing()
    expected = workout(whole)
    draws = random.Random(5)
    return expected, [
        Failing(1 + draws.randrange(whole.count), KINDS[number % len(KINDS)]()) for number in range(count)
    ]


def _check(workout, count):
    expected, moments = _moments(workout, count)
    kinds = set()
    for failing in moments:
        try:
            workout(failing)
            kinds.add("went on")
        except DeviceError as error:
            kinds.add("refused" if "memory" in error.what else f"{failing.was}: {error}")
    after = workout(Failing())
    assert list(after["label"]) == list(expected["label"])
    return kinds


def test_a_failed_allocation_ends_in_one_error_or_smaller_pieces_and_the_next_run_works(workout):
    assert _check(workout, 6) == {"went on", "refused"}


@pytest.mark.soak
def test_fifty_failed_allocations_in_one_process(workout):
    assert _check(workout, 50) == {"went on", "refused"}
