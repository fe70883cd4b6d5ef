"""Which simulation and which bill are AWS's?"""

from flyball.adapters.aws.prices import read_prices
from flyball.cost.aws.bill import GROUPS, complete, price_rivals, stand
from flyball.cost.aws.month import AwsMonth, charge_alarms
from flyball.cost.cloud import Cloud

AWS = Cloud(
    home="aws",
    package="flyball.adapters.aws",
    groups=GROUPS,
    native="native policies: their alarms alone",
    read_prices=read_prices,
    month=AwsMonth,
    charge_alarms=charge_alarms,
    complete=complete,
    stand=stand,
    price_rivals=price_rivals,
)
"""AWS, as far as a study needs to know it."""
