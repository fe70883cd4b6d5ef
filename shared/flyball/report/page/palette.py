"""Which colours does a picture have? Those of a page by day."""

from __future__ import annotations

INK, SOFT, LINE, OURS, DEMAND, DEMAND_TOP, LATE, OTHER = (
    "#1a1d21", "#59616a", "#dcdfe3", "#0a6b50", "#b9c9e2", "#dde6f2", "#b92b1b", "#7a5c9e",
)  # fmt: skip
