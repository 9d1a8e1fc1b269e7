"""What an object is, by its type alone.

A look through a user's variables meets modules, classes, proxies, tables of a database. None of their code may run: it
can raise, take minutes, or connect to a server. So nothing here reads an attribute of an object, not even `__class__`,
which `isinstance` and `hasattr` do.
"""

from __future__ import annotations

from itertools import islice

_BASES = type.__dict__["__mro__"]
_CONTENTS = type.__dict__["__dict__"]
"""`type`'s own descriptors: a metaclass can replace both attributes."""


def is_instance(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Whether the type of a value is one of these or derives from one; a proxy is what it is, not what it stands for.

    >>> is_instance("a text", str), is_instance(str, str)
    (True, False)
    """
    wanted = kinds if type(kinds) is tuple else (kinds,)
    return any(base is kind for base in _BASES.__get__(type(value)) for kind in wanted)


def declares(value: object, attribute: str) -> bool:
    """Whether the type of a value defines an attribute; what ``__getattr__`` would give does not count."""
    return any(attribute in _CONTENTS.__get__(base) for base in _BASES.__get__(type(value)))


def is_table(value: object) -> bool:
    """Whether a value is a frame or data set of some library: of pandas, polars, pyarrow, datasets, or one like them.

    A column, such as a Series, is not; nor is a dict or a list of rows, which may be anything else as well.
    """
    is_frame = declares(value, "__arrow_c_stream__") and declares(value, "columns")
    return is_frame or declares(value, "column_names")


def is_dict_of_columns(value: object) -> bool:
    """Whether a value is a dict with a list or tuple under each of its first names."""
    if not is_instance(value, dict):
        return False
    some: list[tuple[object, object]] = list(islice(dict.items(value), 100))  # type: ignore[arg-type]
    return bool(some) and all(is_instance(key, str) and is_instance(part, (list, tuple)) for key, part in some)
