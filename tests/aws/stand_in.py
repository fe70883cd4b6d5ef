"""Which kinds of resources does our template have that MiniStack's CloudFormation does not know?

It refuses a whole template for one of them. So that the template is deployed as it is, they are
registered here as kinds that are taken and do nothing, and MiniStack is started with them. What
they would do is not tested by a deployment: docs/aws-rig.md says what tests it otherwise.
"""

from __future__ import annotations

from typing import Any

from ministack import app
from ministack.services.cloudformation import provisioners

UNKNOWN = (
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
)


def _create(logical_id: str, props: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:  # noqa: ARG001
    return f"{stack}-{logical_id}", {}


def _delete(physical_id: str, props: dict[str, Any]) -> None:
    """Let nothing go."""


def main() -> None:
    """Start MiniStack with the kinds that it lacks."""
    known = provisioners._RESOURCE_HANDLERS
    for kind in UNKNOWN:
        assert kind not in known, f"{kind} is known by now: take it from this list"
        known[kind] = {"create": _create, "delete": _delete}
    app.main()


if __name__ == "__main__":
    main()
