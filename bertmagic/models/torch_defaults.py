"""The state of torch that training, loading and prediction need, whatever another cell left behind.

A cell may leave ``torch.set_grad_enabled(False)``, an inference mode or autocast that was entered and never left, and a
default type or device of new tensors. Each ends in an error far from its cause, or in other numbers.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def torch_defaults(loading: bool = False) -> Iterator[None]:
    """Compute with gradients, new tensors in fp32 on the CPU, and no autocast; give back what was set before.

    Parameters
    ----------
    loading
        Whether this is as short as loading a model. The default type is that of all threads: a background run, which
        may take hours, leaves the one of the user's cells.
    """
    import torch

    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for kind in filter(torch.is_autocast_enabled, ("cpu", "cuda")):
            stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        if loading or threading.current_thread() is threading.main_thread():
            stack.callback(torch.set_default_dtype, torch.get_default_dtype())
            torch.set_default_dtype(torch.float32)
        yield
