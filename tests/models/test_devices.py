"""Where and how to compute, with other hardware put in the place of this machine's."""

import pytest
import torch

from bertmagic.errors import DeviceError, is_out_of_memory
from bertmagic.models import devices

CPU, CUDA, MPS = torch.device("cpu"), torch.device("cuda:0"), torch.device("mps")


@pytest.fixture
def machine(monkeypatch):
    """Return a function that sets what the machine has."""

    def have(gpus=0, mps=False, capability=(8, 0), cpu=""):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(devices, "_cpu_bf16", lambda: cpu)

    return have


@pytest.mark.parametrize(
    ("have", "names"),
    [
        ({"gpus": 2}, ["cuda:0", "cuda:1", "cpu"]),
        ({"mps": True}, ["mps", "cpu"]),
        ({}, ["cpu"]),
    ],
)
def test_the_fastest_device_is_chosen(machine, have, names):
    machine(**have)
    assert devices.names() == names
    assert str(devices.choose()) == names[0]
    assert devices.choose("cpu") == CPU


def test_a_device_may_be_named(machine):
    machine(gpus=2)
    assert devices.choose("cuda") == torch.device("cuda")
    assert devices.choose("cuda:1") == torch.device("cuda:1")


@pytest.mark.parametrize("name", ["cuda:2", "mps", "tpu", "meta", "", "cuda:-1"])
def test_a_device_that_is_not_here_lists_those_that_are(machine, name):
    machine(gpus=2)
    with pytest.raises(DeviceError, match=f"no device '{name}' here") as caught:
        devices.choose(name)
    assert "cuda:0, cuda:1, cpu" in caught.value.fix


@pytest.mark.parametrize(
    ("device", "have", "expected"),
    [
        (CUDA, {"gpus": 1, "capability": (8, 0)}, "bf16"),
        (CUDA, {"gpus": 1, "capability": (9, 0)}, "bf16"),
        (CUDA, {"gpus": 1, "capability": (7, 5)}, "fp16"),
        (CUDA, {"gpus": 1, "capability": (6, 1)}, "fp16"),
        (MPS, {"mps": True}, "fp32"),
        (CPU, {"cpu": "AMX"}, "bf16"),
        (CPU, {}, "fp32"),
    ],
)
def test_auto_takes_what_the_hardware_has_and_says_why(machine, device, have, expected):
    machine(**have)
    number_format, why = devices.precision("auto", device)
    assert number_format == expected
    assert why


def test_a_precision_that_is_asked_for_is_taken(machine):
    machine()
    assert devices.precision("bf16", CPU) == ("bf16", "as asked for")
    assert devices.precision("fp32", CPU)[0] == "fp32"
    with pytest.raises(DeviceError, match="fp16 is of no use on a CPU"):
        devices.precision("fp16", CPU)


def test_the_instructions_of_a_cpu_are_read_off_its_flags(monkeypatch, tmp_path):
    for flags, expected in (
        ("fpu avx512_bf16 amx_bf16", "AMX"),
        ("fpu avx512_bf16", "AVX512-BF16"),
        ("fpu avx2", ""),
    ):
        devices._cpu_bf16.cache_clear()
        (tmp_path / "cpuinfo").write_text(f"model name : x\nflags\t\t: {flags}\nbugs : amx_bf16\n")
        monkeypatch.setattr(devices, "Path", lambda name: tmp_path / "cpuinfo")
        assert devices._cpu_bf16() == expected
    devices._cpu_bf16.cache_clear()


def test_autocast_computes_in_the_format():
    weights = torch.ones(2, 2)
    with devices.autocast(CPU, "bf16"):
        assert (weights @ weights).dtype == torch.bfloat16
    with devices.autocast(CPU, "fp32"):
        assert (weights @ weights).dtype == torch.float32


def test_memory_is_told_in_bytes():
    assert 20e6 < devices.process_memory() < 1e12
    (cpu,) = [device for device in devices.described() if device.name == "cpu"]
    assert cpu.memory > cpu.free > 0
    assert cpu.precision in ("bf16", "fp32")


@pytest.mark.parametrize(("device", "module"), [(CUDA, torch.cuda), (MPS, torch.mps)])
def test_release_empties_the_cache_of_the_device(monkeypatch, device, module):
    calls = []
    monkeypatch.setattr(module, "empty_cache", lambda: calls.append(device))
    devices.release(device)
    devices.release(CPU)
    assert calls == [device]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_memory_of_a_gpu_comes_back():
    before = torch.cuda.memory_allocated()
    held = torch.zeros(1000, 1000, device="cuda")
    assert devices.used_memory(held.device) > before
    device = held.device
    del held
    devices.release(device)
    assert torch.cuda.memory_allocated() == before


def test_memory_that_is_not_enough_is_said_in_our_words():
    message = "the memory of cpu does not hold the weights of tiny"
    with pytest.raises(DeviceError, match=message) as caught, devices.enough(CPU, "the weights of tiny", devices.FREE):
        torch.empty(2**60, dtype=torch.uint8)
    assert "%bert_unload" in caught.value.fix
    with pytest.raises(RuntimeError, match="mat1"), devices.enough(CPU, "the weights", devices.FREE):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_the_real_allocator_is_understood():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_the_random_state_of_a_device_is_brought_back():
    device = torch.device("cpu")
    before = devices.random_state(device)
    first = torch.rand(3)
    devices.set_random_state(device, before)
    assert torch.equal(torch.rand(3), first)
