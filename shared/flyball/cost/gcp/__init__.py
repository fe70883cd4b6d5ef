"""Which simulation and which bill are Google Cloud's?"""

from flyball.adapters.gcp.prices import read_prices
from flyball.cost.cloud import Cloud
from flyball.cost.gcp.bill import GROUPS, complete, price_rivals, stand
from flyball.cost.gcp.month import GcpMonth, charge_alarms

GCP = Cloud(
    home="gcp",
    package="flyball.adapters.gcp",
    groups=GROUPS,
    native="Google's own autoscaler: it is free",
    read_prices=read_prices,
    month=GcpMonth,
    charge_alarms=charge_alarms,
    complete=complete,
    stand=stand,
    price_rivals=price_rivals,
)
"""Google Cloud, as far as a study needs to know it."""
