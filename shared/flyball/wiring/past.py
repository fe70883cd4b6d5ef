"""Who is asked for a scalable target's past traffic, and where is it kept on this machine?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flyball.history import TrafficSource
from flyball.wiring.settings import SettingsError

CLOUDWATCH, MONITORING = "cloudwatch", "cloud-monitoring"
SERVICES = (CLOUDWATCH, MONITORING)
CACHE = "XDG_CACHE_HOME"


def open_source(service: str, region: str | None = None) -> TrafficSource:
    """Make what asks a service; nothing is reached yet.

    Args:
        service: One of SERVICES.
        region: AWS's; None: as the environment or the profile says.

    Raises:
        SettingsError: There is no such service, or its SDK is not installed.
    """
    if service == CLOUDWATCH:
        from flyball.adapters.aws.past import CloudWatchPast  # noqa: PLC0415  (only this cloud)
        from flyball.wiring.stack import make_clients  # noqa: PLC0415  (likewise)

        return CloudWatchPast(make_clients(region))
    if service == MONITORING:
        from flyball.adapters.gcp.past import MonitoringPast  # noqa: PLC0415  (likewise)
        from flyball.wiring.gcp import check_sdk, connect  # noqa: PLC0415  (likewise)

        check_sdk()
        return MonitoringPast(connect())
    raise SettingsError(f"--from: got {service!r}, expected {' or '.join(SERVICES)}")


def find_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Say where pulled traffic is kept unless another folder is named.

    Source: XDG Base Directory Specification: a path that is not absolute is ignored.
    """
    variables = os.environ if environment is None else environment
    given = variables.get(CACHE, "")
    base = Path(given) if given and Path(given).is_absolute() else Path.home() / ".cache"
    return base / "flyball" / "traffic"
