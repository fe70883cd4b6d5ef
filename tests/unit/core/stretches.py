"""Make a stretch of minutes, whose forecasts are what each minute demands."""

from __future__ import annotations

import math

from flyball.core.shadow import ROUNDING, Stretch


def stretch_of(
    demand: tuple[float, ...],
    *,
    error: float = 0.0,
    floor: float = 0.0,
    lead: int = 4,
    lag: int = 2,
    least: int = 1,
    most: int = 1000,
) -> Stretch:
    """Let all experts forecast the newest minute, with one mean relative error."""
    known = [value for value in demand if not math.isnan(value)]
    forecasts = tuple((0.0 if math.isnan(value) else value) - ROUNDING for value in demand)
    errors = tuple((0.0 if math.isnan(value) else value) * error for value in demand)
    floors = (floor - ROUNDING,) * len(demand)
    return Stretch(
        demand=demand,
        peak=max(known, default=0.0),
        whole=len(known) == len(demand),
        forecasts=(forecasts,) * 4,
        errors=(errors,) * 4,
        pairs=(tuple(zip(forecasts, errors, strict=True)),) * 4,
        widest=(error,) * 4,
        floors=((), floors, floors, floors),
        lead=lead,
        lag=lag,
        least=least,
        most=most,
    )
