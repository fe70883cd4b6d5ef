"""Which resources does our template have that MiniStack's CloudFormation does not know?

It refuses a whole template for one of them. So that the template is deployed as it is, they are
registered here as kinds that are taken and do nothing, alarms on metric math likewise, and
MiniStack is started with them. What they would do is not tested by a deployment: docs/aws-rig.md
says what tests it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services.cloudformation import provisioners

UNKNOWN = (
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
)
Made = tuple[str, dict[str, str]]
"""A physical id, and attributes."""
ALARM = "AWS::CloudWatch::Alarm"


def _create(logical_id: str, props: dict[str, Any], stack: str) -> Made:  # noqa: ARG001
    return f"{stack}-{logical_id}", {}


def _delete(physical_id: str, props: dict[str, Any]) -> None:
    """Let nothing go."""


def _create_alarm(create: Callable[..., Made]) -> Callable[..., Made]:
    def create_alarm(logical_id: str, props: dict[str, Any], stack: str) -> Made:
        """Make an alarm on one metric, and take one on several as it is."""
        if not props.get("Metrics"):
            return create(logical_id, props, stack)
        name = props.get("AlarmName", f"{stack}-{logical_id}")
        return name, {"Arn": f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"}

    return create_alarm


def main() -> None:
    """Start MiniStack with the kinds that it lacks."""
    known = provisioners._RESOURCE_HANDLERS
    for kind in UNKNOWN:
        assert kind not in known, f"{kind} is known by now: take it from this list"
        known[kind] = {"create": _create, "delete": _delete}
    known[ALARM] = {**known[ALARM], "create": _create_alarm(known[ALARM]["create"])}
    app.main()


if __name__ == "__main__":
    main()
