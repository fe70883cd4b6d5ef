"""Does doctor find every permission that is missing at once, and say which statement grants it?"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.aws.account import CONFIG, Account, write
from tests.aws.conftest import Store
from tests.aws.overheard import ACCOUNT, ROLE, Wire, arn, tap
from tests.aws.rig import REGION
from tests.unit.cli.commands import Done, flyball

pytestmark = pytest.mark.enable_socket

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listen at every client; IAM's simulation, which moto has not, allows everything."""
    wire = tap(monkeypatch)
    wire.simulate()
    return wire


def doctor(*options: str) -> Done:
    """Look at the deployment by its config."""
    return flyball("doctor", "--config", "flyball.yaml", *options)


def lines(done: Done, level: str) -> list[str]:
    """Give the lines of a level."""
    return [line for line in done.out.splitlines() if line.startswith(f"  {level} ")]


def statements(done: Done) -> list[dict[str, Any]]:
    """Read the policy that is to be pasted."""
    remedies = [line for line in done.out.splitlines() if "→ attach this policy" in line]
    (remedy,) = remedies
    policy = json.loads(remedy.partition(": ")[2])
    assert policy["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = policy["Statement"]
    return found


class Refused(NamedTuple):
    """A read of the ledger that is refused."""

    action: str
    resource: str
    sid: str


@pytest.mark.parametrize(
    "case",
    [
        Refused("dynamodb:Scan", "table/{targets}", "RegisterTargets"),
        Refused("dynamodb:Query", "table/{targets}/index/due", "SeeWhatIsDue"),
        Refused("dynamodb:Query", "table/{rows}", "AddRowsAndReadThem"),
    ],
    ids=lambda case: case.sid,
)
def test_a_permission_on_the_tables_is_named_with_its_table(
    account: Account, store: Store, wire: Wire, case: Refused
) -> None:
    """And not answered with "is it deployed?", or with a hint to ask the doctor."""
    assert account.alarms() == {}
    resource = arn("dynamodb", case.resource.format(targets=store.targets, rows=store.rows))
    wire.deny(case.action, resource)
    done = doctor()
    assert done.code == 1, done
    assert lines(done, "fail") == [f"  fail  permissions: missing: {case.action}"]
    expected = [{"Sid": case.sid, "Effect": "Allow", "Action": [case.action], "Resource": resource}]
    assert statements(done) == expected
    assert "is it deployed" not in done.out
    assert "`flyball doctor` shows" not in done.out


def test_every_refusal_is_found_in_one_go_and_each_resource_has_its_statement(
    account: Account, store: Store, wire: Wire
) -> None:
    """One that needs * widens no other; and what rests on a refused answer is not said."""
    assert flyball("apply", "--config", "flyball.yaml", "--yes").code == 0
    endpoint = arn("sagemaker", "endpoint/churn")
    table = arn("dynamodb", f"table/{store.targets}")
    wire.deny("cloudwatch:DescribeAlarms", arn("cloudwatch", "alarm:*"))
    wire.deny("cloudwatch:ListMetrics")
    wire.deny("application-autoscaling:DescribeScalableTargets")
    wire.deny("sagemaker:DescribeEndpoint", endpoint)
    wire.deny("dynamodb:GetItem", table)
    done = doctor()
    assert done.code == 1, done
    names = "application-autoscaling:DescribeScalableTargets, cloudwatch:DescribeAlarms, "
    names += "cloudwatch:ListMetrics, dynamodb:GetItem, sagemaker:DescribeEndpoint"
    assert lines(done, "fail") == [f"  fail  permissions: missing: {names}"]
    assert lines(done, "warn") == []
    assert {each["Resource"]: each["Action"] for each in statements(done)} == {
        table: ["dynamodb:GetItem"],
        arn("cloudwatch", "alarm:*"): ["cloudwatch:DescribeAlarms"],
        arn("sagemaker", "endpoint/*"): ["sagemaker:DescribeEndpoint"],
        "*": ["application-autoscaling:DescribeScalableTargets", "cloudwatch:ListMetrics"],
    }
    assert account.alarms()


def test_tags_that_may_not_be_read_make_no_stranger_of_an_alarm(
    account: Account, wire: Wire
) -> None:
    """Whose it is, is not known."""
    assert flyball("apply", "--config", "flyball.yaml", "--yes").code == 0
    write(CONFIG.replace("TargetValue: 700", "TargetValue: 750"))
    wire.deny("cloudwatch:ListTagsForResource", arn("cloudwatch", "alarm:flyball/churn/a/high"))
    done = doctor()
    assert "was not made by Flyball" not in done.out
    assert "alarms:" not in done.out
    assert lines(done, "fail") == ["  fail  permissions: missing: cloudwatch:ListTagsForResource"]
    assert account.alarms()


def test_metrics_that_may_not_be_listed_are_not_said_to_be_missing(
    account: Account, wire: Wire
) -> None:
    """Nobody knows."""
    assert account.alarms() == {}
    wire.deny("cloudwatch:ListMetrics")
    done = doctor()
    assert "had no data" not in done.out
    assert "missing: cloudwatch:ListMetrics" in done.out


def test_a_key_that_may_not_be_used_is_named(account: Account, wire: Wire) -> None:
    """DynamoDB refuses in the key's name, and not in its own."""
    assert account.alarms() == {}
    wire.deny("kms:Decrypt", KEY)
    wire.answers["Scan"] = wire.answers.pop("Decrypt")
    table = {"Table": {"SSEDescription": {"KMSMasterKeyArn": KEY}}}
    wire.answer("DescribeTable", table)
    (statement,) = statements(doctor())
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], KEY)
    via = {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": via}


def test_an_explicit_deny_gets_no_statement_that_cannot_help(account: Account, wire: Wire) -> None:
    """Somebody has to change the one that denies."""
    assert account.alarms() == {}
    why = "with an explicit deny in a service control policy: it nowhere"
    wire.deny("cloudwatch:ListMetrics", why=why)
    done = doctor()
    assert "fail  permissions: a statement denies: cloudwatch:ListMetrics" in done.out
    assert "attach this policy" not in done.out


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException"]
)
def test_credentials_that_lapse_meanwhile_are_told_as_such(
    account: Account, wire: Wire, code: str
) -> None:
    """No permission would help, and no stack is missing."""
    assert account.alarms() == {}
    wire.fail("Scan", code, "The security token included in the request is expired")
    wire.fail("DescribeEndpoint", code, "The security token included in the request is expired")
    done = doctor()
    assert done.code == 1, done
    (failed,) = lines(done, "fail")
    assert failed.startswith(f"  fail  credentials: {code}: The security token")
    assert "aws sso login" in done.out
    assert "attach" not in done.out


def test_a_stack_that_may_not_be_read_is_a_permission_too(
    account: Account, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only one that is known before it is read."""
    assert account.alarms() == {}
    for name in ("TARGETS_TABLE", "LEDGER_TABLE"):
        monkeypatch.delenv(f"FLYBALL_{name}")
    stack = arn("cloudformation", "stack/prod/*")
    wire.deny("cloudformation:DescribeStacks", stack)
    done = doctor("--stack", "prod")
    assert lines(done, "fail") == [
        "  fail  permissions: missing: cloudformation:DescribeStacks",
    ]
    (statement,) = statements(done)
    assert statement["Resource"] == stack


def test_what_apply_needs_and_nobody_tries_is_simulated(account: Account, wire: Wire) -> None:
    """By IAM, for each statement with its resource."""
    assert account.alarms() == {}
    wire.simulate(
        PutItem="implicitDeny", SuspendProcesses="implicitDeny", DeleteAlarms="explicitDeny"
    )
    done = doctor()
    assert done.code == 1, done
    assert "missing: autoscaling:SuspendProcesses, dynamodb:PutItem\n" in done.out
    assert "a statement denies: cloudwatch:DeleteAlarms\n" in done.out
    asked = {
        action for given in wire.made("SimulatePrincipalPolicy") for action in given["ActionNames"]
    }
    assert {
        "application-autoscaling:RegisterScalableTarget",
        "autoscaling:ResumeProcesses",
        "cloudwatch:ListTagsForResource",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    } <= asked


def test_a_simulation_that_denies_what_was_granted_is_not_believed(
    account: Account, wire: Wire
) -> None:
    """It knows no policy of a resource; the call was made."""
    assert account.alarms() == {}
    wire.simulate(Scan="implicitDeny")
    assert "each of the" in doctor().out


def test_that_nobody_knows_whether_you_may_apply_is_no_ok(account: Account, wire: Wire) -> None:
    """It warns, and says how to find out; so does a condition that only a request meets."""
    assert account.alarms() == {}
    wire.deny("iam:SimulatePrincipalPolicy")
    done = doctor()
    (said,) = [line for line in lines(done, "warn") if "permissions" in line]
    assert said.endswith("is not known (iam:SimulatePrincipalPolicy: AccessDeniedException)")
    assert "`flyball doctor --policy`" in done.out
    wire.simulate(PutItem="unsure")
    assert "depends on a request's conditions: dynamodb:PutItem" in doctor().out


class Caller(NamedTuple):
    """Who asks, and whose permissions count."""

    name: str
    arn: str
    role: str
    principal: str


@pytest.mark.parametrize(
    "case",
    [
        Caller("user", f"arn:aws:iam::{ACCOUNT}:user/a/b", "", f"arn:aws:iam::{ACCOUNT}:user/a/b"),
        Caller(
            "path",
            ROLE,
            f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/Deployer",
            f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/Deployer",
        ),
        Caller("unreadable", ROLE, "", f"arn:aws:iam::{ACCOUNT}:role/Deployer"),
        Caller("root", f"arn:aws:iam::{ACCOUNT}:root", "", ""),
    ],
    ids=lambda case: case.name,
)
def test_the_permissions_that_count_are_those_of_the_role_with_its_path(
    account: Account, wire: Wire, case: Caller
) -> None:
    """A session's name has no path, and IAM knows no role without it."""
    assert account.alarms() == {}
    wire.answer("GetCallerIdentity", {"Account": ACCOUNT, "Arn": case.arn})
    if case.role:
        wire.answer("GetRole", {"Role": {"Arn": case.role}})
    else:
        wire.deny("iam:GetRole")
    done = doctor()
    asked = {given["PolicySourceArn"] for given in wire.made("SimulatePrincipalPolicy")}
    assert asked == ({case.principal} if case.principal else set()), done
