"""What do Pub/Sub and Cloud Scheduler call?"""

from __future__ import annotations

import flyball.wiring.cold  # noqa: F401  (before all that is heavy)

# isort: split
import functions_framework
from cloudevents.http import CloudEvent
from flask import Request, request
from functions_framework import request_timeout

from flyball.wiring.ending import ending, raise_through
from flyball.wiring.gcp import Settings
from flyball.wiring.gcp_function import Answer, Function

raise_through(request_timeout)
function = Function(Settings.from_env())


@functions_framework.cloud_event
@ending()
def on_alert(event: CloudEvent) -> None:
    """Wake whom a message names; what failed is raised, and delivered again."""
    function.alert(event.get_data(), event.get_attributes(), request.headers)


@functions_framework.http
@ending()
def on_tick(call: Request) -> Answer:
    """Look at what is due: a handful here, the rest through the topic of wakes."""
    return function.tick(call.headers)
