"""Is the deployment that is meant found, by the environment or by a stack's outputs?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from flyball.adapters.aws.stack import Stack, StackError, read_stack
from flyball.wiring.settings import SettingsError
from flyball.wiring.stack import Settings, find_stack

TABLES = {"FLYBALL_TARGETS_TABLE": "t", "FLYBALL_LEDGER_TABLE": "l"}


class RefusedError(Exception):
    """As botocore's, made by hand: CloudFormation's validation is its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response = {"Error": {"Code": code, "Message": message}}


@dataclass
class Formation:
    """A CloudFormation with one stack, as Clients and client in one."""

    outputs: dict[str, str]
    error: Exception | None = None
    asked: str = ""

    def get(self, service: str) -> Formation:
        """Give the client."""
        assert service == "cloudformation"
        return self

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  (the API's)
        """Answer."""
        self.asked = StackName
        if self.error is not None:
            raise self.error
        outputs = [{"OutputKey": key, "OutputValue": each} for key, each in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


OUTPUTS = {"TargetsTable": "T", "LedgerTable": "L", "AlarmTopic": "arn", "DeadWakesQueue": "url"}


def test_the_environment_is_enough() -> None:
    """A function's own variables name everything; no stack is asked."""
    given = {**TABLES, "FLYBALL_ALARM_TOPIC_ARN": "arn:1", "FLYBALL_ALARM_PREFIX": "p"}
    clients: Any = Formation({})
    found = find_stack(clients, Settings.from_env(given), None)
    assert found == Stack("t", "l", "arn:1", "p")
    assert clients.asked == ""


def test_a_stack_that_is_named_goes_before_the_environment() -> None:
    """An option is meant: no part of another deployment is mixed into it."""
    clients: Any = Formation(OUTPUTS)
    others = {
        "FLYBALL_ALARM_TOPIC_ARN": "arn:dev",
        "FLYBALL_ALARM_PREFIX": "dev",
        "FLYBALL_DEAD_QUEUE_URL": "dev",
        "FLYBALL_MODE": "advise",
    }
    found = find_stack(clients, Settings.from_env({**TABLES, **others}), "prod")
    assert found == Stack("T", "L", "arn", "flyball", "url", name="prod")
    assert clients.asked == "prod"


def test_the_environment_adds_to_the_stack_that_it_names_itself() -> None:
    """Whoever sets both means one deployment."""
    clients: Any = Formation(OUTPUTS)
    given = {"FLYBALL_STACK": "dev", "FLYBALL_ALARM_PREFIX": "p"}
    found = find_stack(clients, Settings.from_env(given), None)
    assert (found.alarm_prefix, found.alarm_topic, clients.asked) == ("p", "arn", "dev")


def test_a_parameter_stands_where_the_stack_puts_out_nothing() -> None:
    """Its mode is a parameter; that it only advises has to be known before a take-over."""
    formation = Formation(OUTPUTS)
    answer = formation.describe_stacks(StackName="x")
    given = {"Mode": "advise", "ResourceTag": "prod", "GroupNames": ""}
    answer["Stacks"][0]["Parameters"] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
    ]
    clients: Any = formation
    formation.describe_stacks = lambda StackName: answer  # type: ignore[method-assign]  # noqa: ARG005, N803
    found = read_stack(clients, "x")
    assert (found.mode, found.resource_tag, found.group_names) == ("advise", "prod", "*")


def test_without_anything_the_usual_stack_is_asked() -> None:
    """Its name is what the deployment's own settings propose."""
    clients: Any = Formation(OUTPUTS)
    assert find_stack(clients, Settings.from_env({}), None).alarm_prefix == "flyball"
    assert clients.asked == "flyball"


@pytest.mark.parametrize("named", sorted(TABLES))
def test_one_table_without_the_other_is_refused(named: str) -> None:
    """Half a deployment would write into two."""
    (other,) = set(TABLES) - {named}
    with pytest.raises(SettingsError, match=f"{other}: not set, and {named} is"):
        Settings.from_env({named: "x"})


def test_a_stack_that_is_not_there_has_a_remedy() -> None:
    """The service's words, and the three ways on."""
    error = RefusedError("ValidationError", "Stack with id x does not exist")
    clients: Any = Formation({}, error)
    with pytest.raises(StackError, match=r"does not exist; deploy it .*--stack.*FLYBALL_TARGETS"):
        read_stack(clients, "x")


def test_a_stack_of_something_else_is_named() -> None:
    """Without the tables' names it is not ours."""
    clients: Any = Formation({"TargetsTable": "T"})
    with pytest.raises(StackError, match="it has no output LedgerTable"):
        read_stack(clients, "x")


def test_another_refusal_is_not_mistaken_for_a_stack_that_is_not_there() -> None:
    """A missing permission is told as one."""
    clients: Any = Formation({}, RefusedError("AccessDenied", "no"))
    with pytest.raises(RefusedError):
        read_stack(clients, "x")
