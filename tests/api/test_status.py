"""`status` and `catalogue`."""

import bertmagic as bm
from bertmagic.models import catalogue
from bertmagic.run import folders


def test_status_tells_devices_and_models(quick):
    model = quick(name="mine")
    status = bm.status()
    (held,) = status.held
    assert (held.name, held.encoder, held.bytes, held.device, held.precision) == (
        "mine",
        "tiny",
        model.bytes,
        "cpu",
        "fp32",
    )
    assert held.parameters == model.network.num_parameters()
    assert status.devices[-1].name == "cpu"
    assert status.process_bytes > 1e7
    assert dict(status.versions)["bertmagic"] == bm.__version__
    assert status.home == str(folders.home())


def test_the_catalogue_is_public():
    assert {entry.alias for entry in bm.catalogue().entries} == set(catalogue.ALIASES)
