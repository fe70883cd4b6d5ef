"""In which unit is what an expression gives, where the units of its lines are known?

Only what is wrong beyond doubt is told: a ratio that is taken for a percentage. Arithmetic that
turns the one into the other, `a * 100`, is understood; of any other nothing is known.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from flyball.core.target import Unit
from flyball.metricmath import Expression

HUNDRED = 100
OTHER = {Unit.RATIO: Unit.PERCENT, Unit.PERCENT: Unit.RATIO}


class MixedError(ValueError):
    """A ratio and a percentage stand side by side; the message says where."""


def find_unit(expression: Expression, units: Mapping[str, Unit]) -> Unit | None:
    """Work out an expression's unit.

    Args:
        expression: Read by read_expression.
        units: By id, those of the lines that are known to be a ratio or a percentage.

    Returns:
        RATIO or PERCENT; None: it is neither, or that is not known.

    Raises:
        MixedError: Values of both are added, compared or chosen from.
    """
    return _look(expression.tree, units)


def _look(node: ast.expr, units: Mapping[str, Unit]) -> Unit | None:
    """Work out a part's unit."""
    match node:
        case ast.Name(id=name):
            return units.get(name)
        case ast.UnaryOp(operand=operand):
            return _look(operand, units)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _agree([left, right], units, node)
        case ast.BinOp(left=left, op=op, right=right):
            return _scale(left, op, right, units)
        case ast.Call(func=ast.Name(id="SUM" | "AVG" | "MIN" | "MAX"), args=[ast.List(elts=parts)]):
            return _agree(parts, units, node)
        case ast.Call(func=ast.Name(id="FILL" | "ABS" | "CEIL" | "FLOOR"), args=[part, *_]):
            return _look(part, units)
        case ast.Call(func=ast.Name(id="IF"), args=[ast.Compare() as test, one, other]):
            _agree([test.left, test.comparators[0]], units, test)
            return _agree([one, other], units, node)
    return None


def _agree(parts: list[ast.expr], units: Mapping[str, Unit], whole: ast.expr) -> Unit | None:
    """Give the unit of parts that stand side by side; a plain number is of any."""
    found = {_look(each, units) for each in parts if not isinstance(each, ast.Constant)}
    if {Unit.RATIO, Unit.PERCENT} <= found:
        raise MixedError(f"{ast.unparse(whole)} mixes a ratio, 0-1, and percent, 0-100")
    return found.pop() if len(found) == 1 else None


def _scale(
    left: ast.expr, op: ast.operator, right: ast.expr, units: Mapping[str, Unit]
) -> Unit | None:
    """Give the unit of what is multiplied or divided by a number: by 100 it is the other one."""
    if isinstance(op, ast.Mult) and isinstance(left, ast.Constant):
        left, right = right, left
    found = _look(left, units)
    if found is None or not isinstance(right, ast.Constant):
        _look(right, units)  # what is mixed there is wrong anywhere
        return None
    turned = (found is Unit.RATIO) is isinstance(op, ast.Mult)
    if right.value == HUNDRED and turned:
        return OTHER[found]
    return found if right.value == 1 else None
