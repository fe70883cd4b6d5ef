"""What does a file say, and on which line does it say it?

YAML 1.2 by ruamel.yaml, JSON by the standard library. Dates and clock times stay text. A position
is looked up only when it is asked for, so that a large file without problems costs nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from flyball.config.nodes import TAG, Reading, is_deep
from flyball.config.problem import ConfigError, Path, Problem, Severity, format_path

MOST_BYTES = 256 * 1024 * 1024
"""Ten thousand scalable targets take a few megabytes; what is larger is another file."""
MOST_VALUES = 10_000_000
"""Values in a file after its aliases are written out."""

_HINTS = (
    (
        "cannot start any token",
        "indent with spaces, and quote text that starts with a special character",
    ),
    ("mapping values are not allowed", "quote text that holds a colon, or check the indentation"),
    ("could not find expected ':'", "write a colon and a space after the key"),
    ("expected <block end>", "check the indentation of this line"),
    ("undefined alias", "define the anchor before the alias"),
    ("expected a single document", "keep one document in a file: remove the second ---"),
    ("expected ',' or", "close the bracket, or add the comma that is missing"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file, read.

    Attributes:
        file: The file as it was named.
        value: What it says: dict, list, str, int, float, bool and None.
        text: Its text.
    """

    file: str
    value: Any
    text: str
    _nodes: list[Node | None] = field(default_factory=list, repr=False)

    def locate(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Give line and column of a field, or of the nearest one around it that exists.

        Args:
            path: From the root.
            key: Where its key stands, not its value.

        Returns:
            Both from 1.
        """
        root = self._root()
        if root is None:
            return 1, 1
        mark = node = root
        for index, part in enumerate(path):
            found = _step(node, part)
            if found is None:
                break
            name, node = found
            mark = name if key and index == len(path) - 1 else node
        return mark.start_mark.line + 1, mark.start_mark.column + 1

    def _root(self) -> Node | None:
        if not self._nodes:  # JSON: positions are needed for the first time
            try:
                node = _compose(self.text.replace("\t", " "))
            except (YAMLError, RecursionError):
                node = None
            self._nodes.append(node)
        return self._nodes[0]


class Place(NamedTuple):
    """A field of a file."""

    source: Source
    path: Path = ()

    def at(self, *parts: str | int) -> Place:
        """Go further in."""
        return Place(self.source, (*self.path, *parts))

    def problem(
        self,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        *,
        key: bool = False,
    ) -> Problem:
        """Say what is wrong here."""
        line, column = self.source.locate(self.path, key=key)
        return Problem(
            self.source.file, line, column, format_path(self.path), message, hint, severity
        )


def read_file(path: str | FilePath) -> Source:
    """Read a YAML or JSON file.

    Raises:
        ConfigError: It is missing, a directory, unreadable, not UTF-8 or not YAML; or a key is
            given twice.
    """
    file = str(path)
    remedy = ""
    try:
        with FilePath(path).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        message, remedy = (
            "no such file",
            "check the path; a relative one starts at the working directory",
        )
    except IsADirectoryError:
        message, remedy = "this is a directory", "name the file in it"
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
    except ValueError as error:
        message = f"cannot be read: {error}"
    else:
        return read_content(content, file)
    raise ConfigError([Problem(file, 0, 0, "", message, remedy)])


def read_content(content: bytes | str, file: str) -> Source:
    """Read the content of a YAML or JSON file, as `read_file`."""
    if len(content) > MOST_BYTES:
        limit = MOST_BYTES // 1024 // 1024
        raise ConfigError([Problem(file, 0, 0, "", f"larger than {limit} MiB", "split it")])
    text = content if isinstance(content, str) else _decode(content, file)
    text = text.removeprefix("\ufeff")
    if not text.strip():
        message = "the file is empty" if not text else "the file holds nothing but blanks"
        raise ConfigError([Problem(file, 1, 1, "", message, "start with `version: 1`")])
    if text.lstrip()[0] in "{[":
        source = _read_json(text, file)
        if source is not None:
            return source
    return _read_yaml(text, file)


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise ConfigError(
            [Problem(file, line, column, "", message, "save the file as UTF-8")]
        ) from None


def _read_json(text: str, file: str) -> Source | None:
    """Read JSON; None where it is not (it may be YAML that starts with a bracket)."""
    twice = False

    def note_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(pairs)
        twice = twice or len(made) < len(pairs)
        return made

    try:
        value = json.loads(text, object_pairs_hook=note_repeats)
    except json.JSONDecodeError as error:
        if file.lower().endswith(".json"):
            message = f"not JSON: {error.msg[0].lower()}{error.msg[1:]}"
            raise ConfigError([Problem(file, error.lineno, error.colno, "", message)]) from None
        return None
    except RecursionError:
        raise ConfigError([_too_deep(file)]) from None
    except ValueError:  # a number of thousands of digits: YAML's reader says where
        return None
    if is_deep(value):
        raise ConfigError([_too_deep(file)])
    source = Source(file, value, text)
    if twice:
        return _read_yaml(text.replace("\t", " "), file)
    return source


def _read_yaml(text: str, file: str) -> Source:
    try:
        node = _compose(text)
    except MarkedYAMLError as error:
        raise ConfigError([_explain(error, file)]) from None
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"control character U+{ord(text[error.position]):04X} is not allowed"
        raise ConfigError([Problem(file, line, column, "", message, "remove it")]) from None
    except RecursionError:
        raise ConfigError([_too_deep(file)]) from None
    if node is None:
        hint = "start with `version: 1`"
        raise ConfigError([Problem(file, 1, 1, "", "the file holds nothing but comments", hint)])
    reading = Reading(file)
    value = reading.read(node, ())
    if reading.size.get(id(node), 1) > MOST_VALUES:
        message = f"more than {MOST_VALUES} values once its aliases are written out"
        raise ConfigError([Problem(file, 0, 0, "", message)])
    if reading.aliased and is_deep(value):
        raise ConfigError([_too_deep(file)])
    if reading.problems:
        raise ConfigError(sorted(reading.problems, key=lambda problem: problem[1:3]))
    return Source(file, value, text, [node])


def _too_deep(file: str) -> Problem:
    return Problem(file, 0, 0, "", "nested too deeply")


def _compose(text: str) -> Node | None:
    parser = YAML(typ="safe", pure=True)
    node: Node | None = parser.compose(text)
    return node


def _explain(error: MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    problem = str(error.problem or error.context or error).strip()
    hint = next((hint for words, hint in _HINTS if words in f"{error.context} {problem}"), "")
    if "'\\t'" in problem:
        hint = "indent with spaces, not tabs"
    context = f"{error.context}, " if error.context and error.problem else ""
    return Problem(file, line, column, "", f"not YAML: {context}{problem}", hint)


def _step(node: Node, part: str | int) -> tuple[Node, Node] | None:
    """Find the key and the value of one part of a path; of a list item both are the item."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if not isinstance(node, MappingNode):
        return None
    merges: list[Node] = []
    for key, item in node.value:
        if isinstance(key, ScalarNode) and key.tag == f"{TAG}merge":
            merges.extend(item.value if isinstance(item, SequenceNode) else [item])
        elif isinstance(key, ScalarNode) and key.value == part:
            return key, item
    for merged in merges:
        found = _step(merged, part)
        if found is not None:
            return found
    return None


def get(value: Any, path: Path) -> Any:
    """Give the value at a path, or None where there is none."""
    for part in path:
        if isinstance(value, Mapping) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
