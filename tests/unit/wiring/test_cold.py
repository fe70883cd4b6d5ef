"""Does a function's start make and load only what a plain decision needs?"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

FUNCTIONS = ("flyball.wiring.aws_function", "flyball.wiring.gcp_function")
PROGRAM = """\
import importlib, json, sys, typing
importlib.import_module(sys.argv[1])
ours = [each for name, each in sys.modules.items() if name.startswith("flyball.")]
classes = {c for m in ours for c in vars(m).values() if isinstance(c, type)}
classes = [c for c in classes if c.__module__.startswith("flyball.")]
print(json.dumps({
    "loaded": sorted(sys.modules),
    "frozen": [repr(c) for c in classes if getattr(
        c.__dict__.get("__dataclass_params__"), "frozen", False)],
    "named": [repr(c) for c in classes if
        c.__dict__.get("__orig_bases__") == (typing.NamedTuple,)],
}))
"""
"""What the standard library made says so: a frozen dataclass, a named tuple of typing's."""
FEW_NEED = {
    "concurrent.futures",
    "difflib",
    "flyball.core.forecast",
    "flyball.core.learn",
    "zoneinfo",
}
"""For a place's clock, a mistake, several resources at once, and what learns."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_start_waits_for_nothing_that_few_need(function: str) -> None:
    """All its values are made in the quick way, and what few need is loaded with them."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, function], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert said["frozen"] == []
    assert said["named"] == []
    assert set(said["loaded"]) & FEW_NEED == set()


def test_what_learns_is_made_in_the_quick_way_too() -> None:
    """The first look at a target whose policy learns waits for it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "flyball.core.learn"],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["frozen"] == said["named"] == []
