"""How are a dataclass and a named tuple made in a fifth of the time, alike in all that is used?"""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from collections.abc import Callable, Mapping
from dataclasses import field
from inspect import signature
from typing import Any, Generic, TypeVar

import pytest

from flyball.core import shape
from flyball.core.shape import NamedTuple, dataclass, replace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Quick:
    """A value, quickly made."""

    name: str
    amount: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    secret: int = field(default=0, repr=False)
    double: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.amount)
        if not self.name:
            raise ValueError("name: expected one")


@dataclasses.dataclass(frozen=True, slots=True)
class Usual:
    """The same value, as the standard library makes it."""

    name: str
    amount: float = 1.0
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)
    secret: int = field(default=0, repr=False)
    double: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.amount)
        if not self.name:
            raise ValueError("name: expected one")


@dataclass(frozen=True, slots=True)
class Lone:
    """A value of one field."""

    at: float


@dataclass(frozen=True, slots=True)
class Empty:
    """A value of no field."""


class Row(NamedTuple):
    """A row, quickly made."""

    name: str
    amount: float | None = None

    @property
    def shown(self) -> str:
        """What is printed."""
        return f"{self.name}!"


class UsualRow(typing.NamedTuple):
    """The same row, as the standard library makes it."""

    name: str
    amount: float | None = None

    @property
    def shown(self) -> str:
        """What is printed."""
        return f"{self.name}!"


ASKED: dict[str, Callable[[Any], object]] = {
    "what is shown": lambda cls: repr(cls("a", 2)).partition("(")[2],
    "the fields": lambda cls: [each.name for each in dataclasses.fields(cls)],
    "the order of arguments": lambda cls: cls.__match_args__,
    "the parameters' names": lambda cls: list(signature(cls).parameters),
    "a default": lambda cls: cls("a").amount,
    "a made default": lambda cls: cls("a").labels,
    "a given one": lambda cls: cls("a", labels={"b": "c"}).labels,
    "equals": lambda cls: cls("a") == cls("a"),
    "equals, but for what is not compared": lambda cls: cls("a", labels={"b": "c"}) == cls("a"),
    "differs": lambda cls: cls("a") == cls("b"),
    "differs from another thing": lambda cls: cls("a") == ("a", 1.0, 0),
    "the hash": lambda cls: hash(cls("a", 2)),
    "replaced": lambda cls: dataclasses.replace(cls("a", 2), amount=3).double,
    "as a mapping": lambda cls: dataclasses.asdict(cls("a", 2)),
    "copied": lambda cls: dataclasses.asdict(copy.deepcopy(cls("a", 2, {"b": "c"}))),
    "pickled": lambda cls: dataclasses.asdict(pickle.loads(pickle.dumps(cls("a", 2)))),  # noqa: S301
    "no room for more": lambda cls: hasattr(cls("a"), "__dict__"),
}
REFUSED: dict[str, Callable[[Any], object]] = {
    "what it refuses by itself": lambda cls: cls(""),
    "no argument": lambda cls: cls(),
    "an unknown argument": lambda cls: cls("a", colour="red"),
    "a change": lambda cls: setattr(cls("a"), "name", "b"),
    "a loss": lambda cls: delattr(cls("a"), "name"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_dataclass_is_like_the_librarys(ask: Callable[[Any], object]) -> None:
    """Whatever is asked of it, it answers as the standard library's does."""
    assert ask(Quick) == ask(Usual)


@pytest.mark.parametrize("do", REFUSED.values(), ids=REFUSED)
def test_it_refuses_as_the_librarys(do: Callable[[Any], object]) -> None:
    """It raises the same error, of the same words but for the name of the class."""
    with pytest.raises(Exception) as usual:  # noqa: PT011  (whichever it is)
        do(Usual)
    with pytest.raises(type(usual.value)) as quick:
        do(Quick)
    assert str(quick.value) == str(usual.value).replace("Usual", "Quick")


def test_a_copy_is_like_the_librarys() -> None:
    """What is not named stays, what is made of the rest is made again, and all is checked."""
    quick, usual = Quick("a", 2.0, {"b": "c"}, 3), Usual("a", 2.0, {"b": "c"}, 3)
    found, hoped = replace(quick, amount=5.0), dataclasses.replace(usual, amount=5.0)
    assert dataclasses.asdict(found) == dataclasses.asdict(hoped)
    assert (found.double, quick.amount) == (10.0, 2.0)
    assert replace(Lone(1.0), at=2.0) == Lone(2.0)
    with pytest.raises(ValueError, match="name: expected one"):
        replace(quick, name="")
    with pytest.raises(TypeError, match="nobody"):
        replace(quick, nobody=1)  # type: ignore[call-arg]


def test_a_field_cannot_be_added() -> None:
    """A name that is no field is refused, as whatever is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot add field 'colour'"):
        setattr(Empty(), "colour", "red")  # noqa: B010  (what a type checker would refuse)


def test_one_field_and_none_are_compared_like_many() -> None:
    """A single field is compared as a tuple of it: the same NaN is equal to itself."""
    nan = float("nan")
    assert Lone(nan) == Lone(nan)
    assert hash(Lone(1.0)) == hash((1.0,))
    assert Lone(1.0) != Lone(2.0)
    assert Empty() == Empty()
    assert hash(Empty()) == hash(())


@pytest.mark.parametrize(
    "how",
    [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}],
    ids=["changing", "without slots"],
)
def test_no_other_kind_is_made(how: dict[str, bool]) -> None:
    """Whoever wants another kind is sent to the library."""
    with pytest.raises(TypeError, match="take dataclasses'"):
        shape.dataclass(**how)


class Pair(NamedTuple, Generic[T]):
    """Two of one type."""

    first: T
    second: T


def test_a_named_tuple_of_any_type_names_its_type() -> None:
    """As typing's does, for whoever reads types."""
    assert Pair[int](1, 2) == (1, 2)


def test_a_named_tuple_is_like_the_librarys() -> None:
    """Fields, defaults, properties, types and words are those that typing makes."""
    for cls in (Row, UsualRow):
        assert cls._fields == ("name", "amount")
        assert cls._field_defaults == {"amount": None}
        assert cls("a") == ("a", None)
        assert cls("a").shown == "a!"
        assert repr(cls("a", 2)) == f"{cls.__name__}(name='a', amount=2)"
        assert typing.get_type_hints(cls) == {"name": str, "amount": float | None}
        assert (cls.__module__, cls.__qualname__) == (__name__, cls.__name__)
        assert pickle.loads(pickle.dumps(cls("a"))) == cls("a")  # noqa: S301
    assert Row.__doc__ == "A row, quickly made."
