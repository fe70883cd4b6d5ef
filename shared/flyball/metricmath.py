"""What does a metric math expression say of series, instant by instant?

A part of CloudWatch's language, evaluated by ourselves, so that one reading of a metric serves many
expressions, and so that the same numbers come out wherever the metrics were read. What is not in
this part is refused when a config is validated, never sent on.

Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from flyball.core.shape import NamedTuple

Values = dict[datetime, float]
"""A series: by the end of its period, a value. What is not there is missing."""
Operand = Values | float

FUNCTIONS = ("ABS", "AVG", "CEIL", "FILL", "FLOOR", "IF", "MAX", "MIN", "PERIOD", "SUM")
REPEAT = "REPEAT"
LATE = timedelta(minutes=3)
"""A gap that is younger may be a datapoint that comes late: FILL leaves it open."""
UNDERSTOOD = f"+ - * / ( ), numbers, ids, comparisons in IF, and {', '.join(FUNCTIONS)}"
LENGTH_LIMIT = 1_024
DEPTH_LIMIT = 32

_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ONE: Mapping[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
}
_FOLDS: Mapping[str, Callable[[Collection[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


class MathError(ValueError):
    """An expression that is not understood; the message says what was found and what would be."""


class Expression(NamedTuple):
    """An expression that was read.

    Attributes:
        text: As it was written.
        tree: Its syntax.
        ids: The lines that it needs.
    """

    text: str
    tree: ast.expr
    ids: frozenset[str]


class Frame(NamedTuple):
    """What an expression is evaluated over.

    Attributes:
        instants: Ends of the periods that are asked for, oldest first.
        period: Length of one.
        filled_until: FILL fills no gap after this: what is younger may only be late.
    """

    instants: tuple[datetime, ...]
    period: timedelta
    filled_until: datetime


def read_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        MathError: It is not understood.
    """
    if len(text) > LENGTH_LIMIT:
        raise MathError(f"got {len(text)} characters, expected at most {LENGTH_LIMIT}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise MathError(f"got {text!r}, expected an expression of {UNDERSTOOD}") from None
    ids: set[str] = set()
    _check(tree, ids, DEPTH_LIMIT)
    return Expression(text, tree, frozenset(ids))


def evaluate(expression: Expression, series: Mapping[str, Values], frame: Frame) -> Values:
    """Evaluate an expression at every instant.

    A value is missing where one that it is made of is missing, where it is divided by zero and
    where it, or a part of it, is no finite number: also a SUM, since a sum of what happens to be
    there is too low, and the choice of an IF whose comparison is undefined. FILL says otherwise.

    Args:
        expression: Read by read_expression.
        series: Every line that it needs, by id.
        frame: Where to look.

    Returns:
        The values that there are; a number alone stands at every instant.
    """
    found = _value(expression.tree, series, frame)
    if isinstance(found, float):
        return _keep_finite(dict.fromkeys(frame.instants, found))
    return found


def _check(node: ast.expr, ids: set[str], depth: int) -> None:
    """Refuse what is not understood, and collect the ids."""
    if not depth:
        raise MathError(f"nested more than {DEPTH_LIMIT} deep")
    match node:
        case ast.Constant(value=bool() | None):
            _refuse(node)
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            if not _ID.fullmatch(name):
                raise MathError(f"got {name}, expected the id of a line, such as m1")
            ids.add(name)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, ids, depth - 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, ids, depth - 1)
            _check(right, ids, depth - 1)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            _check_call(node, name, args, ids, depth - 1)
        case _:
            _refuse(node)


def _check_call(node: ast.expr, name: str, args: list[ast.expr], ids: set[str], depth: int) -> None:
    match name, args:
        case (("SUM" | "AVG" | "MIN" | "MAX"), [ast.List(elts=parts)]) if parts:
            pass
        case (("SUM" | "AVG" | "MIN" | "MAX"), _):
            raise MathError(
                f"got {ast.unparse(node)}, expected {name}([m1, m2]): of one series it would be "
                "one number for all of its instants"
            )
        case "FILL", [ast.Name() as filled, filler]:
            parts = [filled]
            if not (isinstance(filler, ast.Name) and filler.id == REPEAT):
                parts.append(filler)
                _check_number(filler)
        case (("ABS" | "CEIL" | "FLOOR"), [part]):
            parts = [part]
        case "PERIOD", [ast.Name() as part]:
            parts = [part]
        case "IF", [ast.Compare(left=left, ops=[op], comparators=[right]), one, other] if (
            type(op) in _COMPARISONS
        ):
            parts = [left, right, one, other]
        case _:
            known = name in FUNCTIONS
            how = f"{name} takes something else" if known else f"{name} is not understood"
            raise MathError(f"got {ast.unparse(node)}: {how}; understood is {UNDERSTOOD}")
    for part in parts:
        _check(part, ids, depth)


def _check_number(node: ast.expr) -> None:
    sign = node.operand if isinstance(node, ast.UnaryOp) else node
    if not isinstance(sign, ast.Constant):
        raise MathError(f"got {ast.unparse(node)}, expected FILL(m1, 0) or FILL(m1, REPEAT)")


def _refuse(node: ast.expr) -> None:
    raise MathError(f"got {ast.unparse(node)}, expected only {UNDERSTOOD}")


def _value(node: ast.expr, series: Mapping[str, Values], frame: Frame) -> Operand:
    """Compute a part: a series of finite values, or a number, which is NaN where it is undefined.

    What is undefined is dropped where it arises: to max, min and > NaN is a number like any other.
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return _number(number)
        case ast.Name(id=name):
            return _keep_finite(series[name])
        case ast.UnaryOp(op=op, operand=operand):
            sign = -1.0 if isinstance(op, ast.USub) else 1.0
            return _join(operator.mul, sign, _value(operand, series, frame))
        case ast.BinOp(left=left, op=op, right=right):
            work = _OPERATORS[type(op)]
            return _join(work, _value(left, series, frame), _value(right, series, frame))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, args, series, frame)
    raise MathError(f"got {ast.unparse(node)}")  # pragma: no cover  (read_expression refused it)


def _number(number: float) -> float:
    return _safe(lambda: float(number))


def _call(name: str, args: list[ast.expr], series: Mapping[str, Values], frame: Frame) -> Operand:
    if name == "PERIOD":
        return frame.period.total_seconds()
    if name == "FILL":
        return _fill(args, series, frame)
    if name == "IF":
        return _choose(args, series, frame)
    if name in _FOLDS:
        (parts,) = args
        assert isinstance(parts, ast.List)  # noqa: S101  (read_expression saw to it)
        return _fold(_FOLDS[name], [_value(part, series, frame) for part in parts.elts], frame)
    work = _ONE[name]
    found = _value(args[0], series, frame)
    if isinstance(found, float):
        return _safe(lambda: work(found))
    return {at: work(value) for at, value in found.items()}  # of a finite value, it is finite


def _fold(
    fold: Callable[[Collection[float]], float], found: Sequence[Operand], frame: Frame
) -> Operand:
    """Make one value of several, where all of them are there."""
    if all(isinstance(each, float) for each in found):
        numbers = [each for each in found if isinstance(each, float)]
        return _safe(lambda: fold(numbers)) if all(map(math.isfinite, numbers)) else math.nan
    folded: Values = {}
    for at in frame.instants:
        values = [value for each in found if (value := _at(each, at)) is not None]
        if len(values) == len(found):
            folded[at] = _safe(lambda values=values: fold(values))  # type: ignore[misc]
    return _keep_finite(folded)


def _fill(args: list[ast.expr], series: Mapping[str, Values], frame: Frame) -> Values:
    """Fill the gaps of a series with a number, or with the value before."""
    values = _value(args[0], series, frame)
    assert isinstance(values, dict)  # noqa: S101  (read_expression saw to it)
    repeats = isinstance(args[1], ast.Name)
    filler = None if repeats else _value(args[1], series, frame)
    filled: Values = {}
    for at in frame.instants:
        if at in values:
            filled[at] = values[at]
            filler = values[at] if repeats else filler
        elif isinstance(filler, float) and at <= frame.filled_until:
            filled[at] = filler
    return _keep_finite(filled)


def _choose(args: list[ast.expr], series: Mapping[str, Values], frame: Frame) -> Operand:
    """Choose one of two by a comparison, instant by instant."""
    test, one, other = args
    assert isinstance(test, ast.Compare)  # noqa: S101  (read_expression saw to it)
    compare = _COMPARISONS[type(test.ops[0])]
    left = _value(test.left, series, frame)
    right = _value(test.comparators[0], series, frame)
    yes, no = _value(one, series, frame), _value(other, series, frame)
    chosen: Values = {}
    for at in frame.instants:
        a, b = _at(left, at), _at(right, at)
        if a is None or b is None:
            continue
        value = _at(yes if compare(a, b) else no, at)
        if value is not None:
            chosen[at] = value
    return chosen


def _join(work: Callable[[float, float], float], one: Operand, other: Operand) -> Operand:
    """Work on two operands where both have a value."""
    if isinstance(one, float) and isinstance(other, float):
        return _safe(lambda: work(one, other))
    instants = one if isinstance(one, dict) else other
    assert isinstance(instants, dict)  # noqa: S101  (one of them is a series)
    joined: Values = {}
    for at in instants:
        a, b = _at(one, at), _at(other, at)
        if a is not None and b is not None:
            joined[at] = _safe(lambda a=a, b=b: work(a, b))  # type: ignore[misc]
    return _keep_finite(joined)


def _at(operand: Operand, at: datetime) -> float | None:
    """Give an operand's value at an instant; None: it is missing or undefined."""
    if isinstance(operand, float):
        return operand if math.isfinite(operand) else None
    return operand.get(at)


def _safe(work: Callable[[], float]) -> float:
    """Work, or give NaN: by zero nothing is divided, and what has no end is no number."""
    try:
        value = work()
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan
    return value if math.isfinite(value) else math.nan


def _keep_finite(values: Values) -> Values:
    return {at: value for at, value in values.items() if math.isfinite(value)}
