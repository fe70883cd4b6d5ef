"""What does every home take from the machine it runs on: its clock, chance, and time-zone rules?"""

from __future__ import annotations

import os
from datetime import UTC, datetime

from flyball import __version__

TOKEN_BYTES = 16


class SystemClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        return datetime.now(UTC)


def engine_version() -> str:
    """Say which engine decides and by which time-zone rules: replays compare like with like."""
    try:
        import tzdata  # type: ignore[import-untyped]  # noqa: PLC0415  (may be left out)
    except ModuleNotFoundError:
        return f"flyball/{__version__} tzdata/system"
    return f"flyball/{__version__} tzdata/{tzdata.IANA_VERSION}"


def make_token() -> str:
    """Make a lease token that no other run has, nor one that woke from the same snapshot."""
    return os.urandom(TOKEN_BYTES).hex()
