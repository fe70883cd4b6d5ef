"""How does a call end with its time, though our code goes on after whatever fails inside it?

functions-framework ends a call by an error that is an Exception, raised wherever the call is just
then. Our boundaries between one target and the next take each Exception for a failure of what is
inside them, and would go on. So it is told to raise what none of them takes, and what it finds in
the end is an Exception again, which it answers 500 for, so that the call comes again. Nothing is
written after that; a lease that was held ends by itself, as after a crash.

Source: functions-framework 3.10, request_timeout.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

RAISED = "RequestTimeoutException"
"""What the framework's module calls what it raises; it looks it up whenever it does."""


class TimeUp(BaseException):
    """The call's time is up; nothing but `ending` takes it."""


class TimeUpError(Exception):
    """The call ended with its time; it comes again."""


def raise_through(framework: ModuleType) -> None:
    """Have a framework's module raise TimeUp where it raised its own.

    Raises:
        AttributeError: It is of another version, and raises something else.
    """
    getattr(framework, RAISED)
    setattr(framework, RAISED, TimeUp)


@contextmanager
def ending() -> Iterator[None]:
    """Make of a TimeUp what a framework takes for a failure of the call.

    Raises:
        TimeUpError: The call's time is up.
    """
    try:
        yield
    except TimeUp as up:
        raise TimeUpError("the call's time is up; it comes again") from up
