"""Does what is deployed again reach the functions that run?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aws.deployment import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]


def live(stack: Deployment, part: str) -> dict[str, Any]:
    """Read how a function's live version is configured."""
    client = stack.client("lambda")
    functions = client.list_functions()["Functions"]
    (name,) = [each["FunctionName"] for each in functions if part in each["FunctionName"]]
    found: dict[str, Any] = client.get_function_configuration(FunctionName=name, Qualifier="live")
    return found


def mode_of(stack: Deployment, part: str) -> str:
    """Read the mode in which a function's live version runs."""
    mode: str = live(stack, part)["Environment"]["Variables"]["FLYBALL_MODE"]
    return mode


def test_a_changed_parameter_reaches_the_live_version(stack: Deployment) -> None:
    """And back: all that calls `live` calls a version, which keeps its environment."""
    assert mode_of(stack, "-Tick-") == "apply"
    try:
        stack.deploy_again(Mode="advise")
        assert {mode_of(stack, part) for part in ("-Tick-", "-Wake-")} == {"advise"}
        policies = stack.client("iam").list_policies(Scope="Local")["Policies"]
        assert "MayScale" not in json.dumps([each["PolicyName"] for each in policies])
    finally:
        stack.deploy_again()
    assert {mode_of(stack, part) for part in ("-Tick-", "-Wake-")} == {"apply"}
