"""How early does a window's floor hold, and how long does a node on Google take, if unsaid?"""

from __future__ import annotations

import pytest

from tests.unit.config.asking import target_of
from tests.unit.config.test_compile import ON_GOOGLE, SECOND

LEADS = (
    # what is written of it, what is measured; lead time and how early, minutes
    ("", "custom.googleapis.com/m", 5, 5),
    ("", "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle", 8, 8),
    ("lead_time: 12m", "custom.googleapis.com/m", 12, 12),
    ("early: 0s", "custom.googleapis.com/m", 5, 0),
    ("early: 20m", "custom.googleapis.com/m", 5, 20),
)


@pytest.mark.parametrize(("written", "measured", "lead", "early"), LEADS)
def test_on_google_a_floor_by_the_calendar_holds_a_lead_time_early(
    written: str, measured: str, lead: int, early: int
) -> None:
    """Nodes with a GPU take longer than others."""
    windows = "windows: [{name: w, days: [mon], from: '09:00', to: '18:00', floor: 4}]"
    head = ON_GOOGLE.replace("custom.googleapis.com/m", measured)
    head = head.replace("{name: m,", "{name: m, unit: ratio,")
    here = f"home: gcp\nresource: {{project: p, location: europe-west4, endpoint: '1'}}\n{written}"
    made = target_of(f"{here}\n{windows}", head)
    assert (made.lead_time, made.early) == (60 * lead * SECOND, 60 * early * SECOND)
    assert target_of(here, head).early == (
        60 * early * SECOND if "early" in written else 0 * SECOND
    )
    assert target_of(windows).early == 0 * SECOND
