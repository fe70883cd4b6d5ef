"""How are a dataclass and a named tuple made in a fifth of the time, alike in all that is used?

A function that starts for one decision makes a hundred of them before it can decide. The standard
library compiles up to eight methods of a frozen dataclass, one after the other, and each annotation
of a named tuple. Here one method is compiled, and no annotation.

For a type checker these are `dataclasses.dataclass`, `dataclasses.replace` and `typing.NamedTuple`
themselves.
"""

from __future__ import annotations

import dataclasses
from collections import namedtuple
from functools import cache
from operator import attrgetter
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["NamedTuple", "dataclass", "replace"]

T = TypeVar("T")
_KEPT = frozenset({"__annotations__", "__module__", "__qualname__"})
"""Of a named tuple's body, what is not copied as it is."""


def _dataclass(*, frozen: bool, slots: bool) -> Callable[[type[T]], type[T]]:
    """Make a frozen dataclass with slots, as `dataclasses.dataclass` does.

    Args:
        frozen: True; nothing else is made here.
        slots: Likewise.

    Raises:
        TypeError: Another kind is wanted.
    """
    if not (frozen and slots):
        raise TypeError("only a frozen dataclass with slots is made here; take dataclasses'")
    return _make


def _make(cls: type[T]) -> type[T]:
    """Let the library find the fields and make the slots, and add the methods."""
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(cast("Any", made))
    names = tuple(each.name for each in fields)
    shown = tuple(each.name for each in fields if each.repr)
    compared = _take(each.name for each in fields if each.compare)
    fixed = frozenset(names)

    def show(self: object) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({said})"

    def equal(self: object, other: object) -> bool:
        if other.__class__ is self.__class__:
            return compared(self) == compared(other)
        return cast("bool", NotImplemented)

    def count(self: object) -> int:
        return hash(compared(self))

    def refuse_change(self: object, name: str, value: object) -> NoReturn:  # noqa: ARG001  (called so)
        verb = "assign to field" if name in fixed else "add field"
        raise dataclasses.FrozenInstanceError(f"cannot {verb} {name!r}")

    def refuse_loss(self: object, name: str) -> NoReturn:  # noqa: ARG001  (called so)
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def freeze(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def thaw(self: object, values: Iterable[object]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    methods = {
        "__init__": _compile_init(made, fields),
        "__repr__": show,
        "__eq__": equal,
        "__hash__": count,
        "__setattr__": refuse_change,
        "__delattr__": refuse_loss,
        "__getstate__": freeze,
        "__setstate__": thaw,
    }
    for name, method in methods.items():
        setattr(made, name, method)
    return made


def _take(names: Iterable[str]) -> Callable[[object], tuple[object, ...]]:
    """Make what takes these fields of a value, always a tuple of them."""
    wanted = tuple(names)
    if len(wanted) > 1:
        return attrgetter(*wanted)
    return lambda value: tuple([getattr(value, name) for name in wanted])


def _compile_init(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> object:
    """Compile `__init__`: it is called most, so it is written out."""
    scope: dict[str, Any] = {"_made": object()}
    parameters, lines = ["self"], []
    for each in fields:
        if not each.init:
            continue
        name = value = each.name
        if each.default is not dataclasses.MISSING:
            scope[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        elif each.default_factory is not dataclasses.MISSING:
            scope[f"_default_{name}"] = each.default_factory
            parameters.append(f"{name}=_made")
            value = f"_default_{name}() if {name} is _made else {name}"
        else:
            parameters.append(name)
        scope[f"_set_{name}"] = getattr(cls, name).__set__  # the slot's own, which nothing refuses
        lines.append(f" _set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    text = "\n".join([f"def __init__({', '.join(parameters)}):", *(lines or [" pass"])])
    exec(text, scope)  # noqa: S102  (of the fields' names, as dataclasses does)
    made = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _replace(value: T, /, **changes: object) -> T:
    """Copy a dataclass with some fields changed, as `dataclasses.replace` does, in half its time.

    Raises:
        TypeError: It has no such field.
    """
    cls: Any = type(value)
    names, read = _reader(cls)
    given = dict(zip(names, read(value), strict=True))
    given.update(changes)
    return cast("T", cls(**given))


@cache
def _reader(cls: type) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    """Find what a copy is made of."""
    names = tuple(each.name for each in dataclasses.fields(cast("Any", cls)) if each.init)
    return names, _take(names)


class _Maker(type):
    """Makes a named tuple of the body of a class, its annotations as they are written."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:  # noqa: ANN401  (it is another class)
        given = body.get("__annotations__", {})
        defaults = [body.pop(each) for each in given if each in body]
        made: Any = namedtuple(name, given, defaults=defaults, module=body["__module__"])  # type: ignore[misc]  # noqa: PYI024  (that is what it makes)
        made.__annotations__ = given
        made.__qualname__ = body["__qualname__"]
        if Generic in bases:
            body["__class_getitem__"] = classmethod(GenericAlias)
        for key, value in body.items():
            if key not in _KEPT:
                setattr(made, key, value)
        return made


if TYPE_CHECKING:
    from dataclasses import dataclass, replace
    from typing import NamedTuple
else:
    dataclass = _dataclass
    replace = _replace
    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})
