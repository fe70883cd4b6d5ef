"""Is the right service asked, and is what it says kept where this machine keeps such things?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball.wiring.past import SERVICES, find_cache, open_source
from flyball.wiring.settings import SettingsError


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_opened_by_its_name_and_reached_by_nobody(service: str) -> None:
    """Its folder has that name too."""
    assert open_source(service, "eu-central-1").name == service


def test_an_unknown_service_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(SettingsError, match="got 'x', expected cloudwatch or cloud-monitoring"):
        open_source("x")


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("/var/cache", Path("/var/cache/flyball/traffic")),
        ("relative", Path.home() / ".cache/flyball/traffic"),
        ("", Path.home() / ".cache/flyball/traffic"),
    ],
)
def test_the_cache_is_where_the_specification_says(given: str, expect: Path) -> None:
    """A path that is not absolute is ignored."""
    assert find_cache({"XDG_CACHE_HOME": given}) == expect
    assert find_cache({}) == Path.home() / ".cache/flyball/traffic"
