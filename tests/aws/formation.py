"""How does a test of commands get a stack that has outputs and parameters, but no functions?

moto's CloudFormation makes it: of our template's outputs and parameters, and not of our template.
"""

from __future__ import annotations

import json

from tests.aws.account import Account
from tests.aws.conftest import Store


def deploy(account: Account, name: str, store: Store, **parameters: str) -> dict[str, str]:
    """Deploy a stack of these tables, or once more with other parameters; give its outputs."""
    client = account.client("cloudformation")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{name}-alarms"}}
    outputs = {"TargetsTable": store.targets, "LedgerTable": store.rows}
    template = {
        "Parameters": {key: {"Type": "String"} for key in parameters},
        "Resources": {"Topic": topic},
        "Outputs": {
            **{key: {"Value": value} for key, value in outputs.items()},
            "AlarmTopic": {"Value": {"Ref": "Topic"}},
        },
    }
    given = {
        "StackName": name,
        "TemplateBody": json.dumps(template),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }
    known = [each["StackName"] for each in client.list_stacks()["StackSummaries"]]
    (client.update_stack if name in known else client.create_stack)(**given)
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
