"""How does a command on somebody's machine reach Google Cloud?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flyball.wiring.settings import SettingsError

if TYPE_CHECKING:
    from flyball.adapters.gcp.session import Session

LIBRARIES = ("google.auth", "requests")


def make_session(environment: Mapping[str, str] | None = None) -> Session:
    """Make what reaches Google; credentials are looked for by the first call.

    Raises:
        SettingsError: Its libraries are not installed, or the environment names no URL.
    """
    from flyball.adapters.gcp.session import Session  # noqa: PLC0415  (only where it is asked for)

    return Session(find_endpoints(environment))


def find_endpoints(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Read where services are served elsewhere; see adapters.gcp.session.read_endpoints.

    Raises:
        SettingsError: Google's libraries are not installed, or the environment names no URL.
    """
    from flyball.adapters.gcp.session import read_endpoints  # noqa: PLC0415  (likewise)

    if not all(map(_is_there, LIBRARIES)):
        raise SettingsError("Google's libraries are not installed here: pip install 'flyball[gcp]'")
    try:
        return read_endpoints(os.environ if environment is None else environment)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # nor is the package around it
        return False
