"""Which plain value does a graph of YAML nodes stand for?"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flyball.config.problem import Path, Problem, format_path, show

TAG = "tag:yaml.org,2002:"
MOST_DEPTH = 64
"""No format here is nested half as deeply; and no step of a reader's own may run out of stack."""
DIGIT_LIMIT = 400
"""No number has more; past it is a typing error, and slow to read."""
_BASES = {"0x": 16, "0o": 8, "0b": 2}


def is_deep(value: Any) -> bool:
    """Say whether lists and mappings are nested deeper than MOST_DEPTH, without recursion."""
    level = [value]
    for _ in range(MOST_DEPTH):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, (dict, list)):
                inner.extend(each.values() if isinstance(each, dict) else each)
        if not inner:
            return False
        level = inner
    return True


class Reading:
    """Turns a graph of nodes into plain values, and notes what is wrong on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.made: dict[int, Any] = {}
        self.size: dict[int, int] = {}
        self.open: set[int] = set()
        self.aliased = False

    def read(self, node: Node, path: Path) -> Any:
        """Read one node; an alias gives the very value of its anchor."""
        known = id(node)
        if known in self.made:
            self.aliased = True
            return self.made[known]
        if known in self.open:
            return self.refuse(node, path, "an alias inside its own anchor")
        if len(path) > MOST_DEPTH:
            return self.refuse(node, (), "nested too deeply")
        self.open.add(known)
        value = self._make(node, path)
        self.open.discard(known)
        self.made[known] = value
        self.size.setdefault(known, 1)
        return value

    def refuse(self, node: Node, path: Path, message: str, hint: str = "") -> None:
        """Note a problem at a node."""
        mark = node.start_mark
        self.problems.append(
            Problem(self.file, mark.line + 1, mark.column + 1, format_path(path), message, hint)
        )

    def _make(self, node: Node, path: Path) -> Any:
        if isinstance(node, ScalarNode):
            return self._make_scalar(node, path)
        if isinstance(node, SequenceNode) and node.tag == f"{TAG}seq":
            made = [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
            self.size[id(node)] = 1 + sum(self.size.get(id(item), 1) for item in node.value)
            return made
        if isinstance(node, MappingNode) and node.tag == f"{TAG}map":
            return self._make_mapping(node, path)
        return self.refuse(node, path, f"tag {show(str(node.tag))} is not supported", "remove it")

    def _make_mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        own: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: list[dict[str, Any]] = []
        size = 1
        for key, item in node.value:
            if key.tag == f"{TAG}merge":
                merged.extend(self._read_merged(item, path))
            elif not isinstance(key, ScalarNode):
                self.refuse(key, path, "got a list or mapping as a key, expected text")
            elif key.value in own:
                hint = f"first on line {lines[key.value]}: keep one of the two"
                self.refuse(key, (*path, key.value), "this key is given twice", hint)
            else:
                lines[key.value] = key.start_mark.line + 1
                own[key.value] = self.read(item, (*path, key.value))
            size += self.size.get(id(item), 1)
        self.size[id(node)] = size
        out: dict[str, Any] = {}
        for each in reversed(merged):  # of several, the first one named counts
            out.update(each)
        return {**out, **own} if out else own

    def _read_merged(self, node: Node, path: Path) -> list[dict[str, Any]]:
        values = self.read(node, (*path, "<<"))
        found = values if isinstance(values, list) else [values]
        if all(isinstance(each, dict) for each in found):
            return found
        self.refuse(
            node,
            (*path, "<<"),
            f"got {show(values)}, expected a mapping to merge, or a list of them",
        )
        return []

    def _make_scalar(self, node: ScalarNode, path: Path) -> Any:
        text: str = node.value
        tag = str(node.tag).removeprefix(TAG)
        if tag in {"str", "timestamp"}:
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        try:
            if tag == "int":
                return _read_int(text)
            if tag == "float":
                return _read_float(text)
        except ValueError:
            return self.refuse(node, path, f"got {show(text)}, expected a number that can be read")
        return self.refuse(node, path, f"tag {show(str(node.tag))} is not supported", "remove it")


def _read_int(text: str) -> int:
    digits = text.replace("_", "").lower()
    if len(digits) > DIGIT_LIMIT:
        raise ValueError(digits)
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    return sign * int(digits, _BASES.get(digits[:2], 10))


def _read_float(text: str) -> float:
    plain = text.replace("_", "").lower()
    return float(re.sub(r"^([+-]?)\.(inf|nan)$", r"\1\2", plain))
