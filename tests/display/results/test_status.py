import json

from bertmagic.display import bundle
from bertmagic.models.status import Device, Held, Status
from bertmagic.run.jobs import Progress

from ..runs import HOSTILE
from ..tags import Tags

CPU = Device("cpu", "Some CPU", 16_000_000_000, 9_100_000_000, "bf16", "it multiplies bf16 in hardware")
HELD = Held("sentiment", "classification", "minilm", 22_713_216, 90_900_000, "cpu", "bf16")


def test_it_tells_devices_models_and_versions():
    for shown in bundle(Status((CPU,), (HELD,), 1_400_000_000, "/home/a", (("torch", "2.13"),))).values():
        for expected in (
            "Some CPU",
            "16 GB",
            "9.1 GB",
            "bf16",
            "in hardware",
            "91 MB",
            "1.4 GB",
            "/home/a",
            "torch 2.13",
        ):
            assert expected in shown


def test_with_nothing_held_it_says_so():
    for shown in bundle(Status((CPU,), (), 1, "/", ())).values():
        assert "No model is held" in shown


def test_running_jobs_are_told():
    jobs = (("clf", Progress(40, 100, 0.8, 0.5, 12.0, 18.0, "training")),)
    for shown in bundle(Status((CPU,), (), 1, "/", (), jobs)).values():
        assert "is running: training, step 40 of 100 (40.0 %), epoch 0.80, loss 0.5000, 12 s elapsed" in shown
        assert "about 18 s" in shown


def test_hostile_values_are_text():
    device = Device(HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE)
    held = Held(HOSTILE, HOSTILE, HOSTILE, 1, 1, HOSTILE, HOSTILE)
    jobs = ((HOSTILE, Progress(0, None, 0.0, None, 1.0, None, HOSTILE)),)
    both = bundle(Status((device,), (held,), 1, HOSTILE, ((HOSTILE, HOSTILE),), jobs))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps(both, ensure_ascii=False).encode()
