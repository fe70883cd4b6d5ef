"""Does the page of conformance name tests that there are?"""

from __future__ import annotations

import ast
import re
from pathlib import Path


def test_every_test_on_the_page_is_in_the_code(repository: Path) -> None:
    """And every named edge case, incident and invariant is on the page."""
    page = (repository / "docs" / "conformance.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page))
    found = {
        node.name
        for path in (repository / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert named - found == set()
    promised = re.compile(r"test_(aws_\d\d|google_\d\d|incident|invariant_\d)_")
    assert {each for each in found if promised.match(each)} - named == set()
