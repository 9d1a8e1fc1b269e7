"""Objects of a user's namespace whose code must not run: each raises, or counts, when anything is asked of it."""

import importlib
import types

ASKED = []
"""What was asked of the objects below."""


def _refuse(what):
    def refuse(self, *args, **given):
        ASKED.append(what)
        raise RuntimeError(f"{what} of a stranger's object was called")

    return refuse


METHODS = (
    "__getattr__", "__len__", "__eq__", "__ne__", "__repr__", "__str__", "__bool__", "__hash__", "__iter__", "__next__",
    "__contains__", "__getitem__", "__call__", "__index__", "__float__", "__format__", "__dir__", "__lt__",
    "__array__", "__reduce__", "__reduce_ex__", "__sizeof__", "__enter__", "__instancecheck__",
)  # fmt: skip
PROPERTIES = ("__class__", "__dict__", "shape", "name", "model", "str", "done")

Stranger = type(
    "Stranger", (), {name: _refuse(name) for name in METHODS} | {name: property(_refuse(name)) for name in PROPERTIES}
)

_Meta = type(
    "_Meta",
    (type,),
    {name: _refuse(f"class {name}") for name in METHODS if name not in ("__call__", "__hash__")}
    | {name: property(_refuse(f"class {name}")) for name in ("__mro__", "shape", "columns", "__bases__")},
)
StrangeClass = _Meta("StrangeClass", (), {})


class Columns(Stranger):
    """A table by its type, whose attributes raise."""

    columns = property(_refuse("columns"))
    column_names = property(_refuse("column_names"))
    __arrow_c_stream__ = _refuse("__arrow_c_stream__")


class Pretender:
    """A proxy: whatever is asked, it has it."""

    def __getattr__(self, name):
        ASKED.append(name)
        return (1, 2)


def objects():
    """Return modules, classes and strangers by the names of their variables."""
    modules = {name: importlib.import_module(name) for name in ("numpy", "pandas", "json", "pyarrow")}
    lazy = types.ModuleType("lazy")
    lazy.__getattr__ = _refuse("module __getattr__")
    classes = {"DataFrame": modules["pandas"].DataFrame, "Series": modules["pandas"].Series, "ndarray": type}
    arrays = {"number": modules["numpy"].float64(1), "array": modules["numpy"].zeros((3, 2))}
    strange = {"stranger": Stranger(), "a_class": StrangeClass, "of_class": StrangeClass(), "proxy": Pretender()}
    return {**modules, "np": modules["numpy"], "lazy": lazy, **classes, **arrays, **strange, "function": objects}
