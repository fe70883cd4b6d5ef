"""How is the template deployed on this machine, by the real SAM, into software not our own?

MiniStack is AWS, but for SageMaker and Application Auto Scaling. Those are moto's, with our own
server before it: an endpoint that is created with boto3 lives in moto, one that our server is told
of lives there, is slow, and may fail. The template is the one of the repository, unmodified.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

from flyball.adapters.aws.dynamodb import DynamoLedger
from tests.aws.account import start_moto
from tests.aws.rig import Server, client_of, environment_for, serve, start_ministack

ROOT = Path(__file__).resolve().parents[2]
STACK = "flyball"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
SAM = "FLYBALL_SAM"
"""Variable that names the SAM command line, which has an environment of its own."""
PATIENCE_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True)
class Deployment:
    """A stack that is deployed.

    Attributes:
        aws: MiniStack.
        sagemaker: Our server of endpoints, which hands on what it does not know.
        moto: The server that it hands that on to.
        outputs: Of the stack.
        environment: For programs that are to find it.
        build_s: How long `sam build` took, seconds.
        deploy_s: Likewise `sam deploy`.
    """

    aws: Server
    sagemaker: Server
    moto: Server
    outputs: Mapping[str, str]
    environment: Mapping[str, str]
    build_s: float
    deploy_s: float

    def client(self, service: str) -> Any:
        """Make a client of a service."""
        return client_of(self.sagemaker if service == "sagemaker" else self.aws, service)

    def ledger(self) -> DynamoLedger:
        """Open the stack's ledger."""
        tables = self.outputs["TargetsTable"], self.outputs["LedgerTable"]
        return DynamoLedger(self.client("dynamodb"), targets=tables[0], ledger=tables[1])

    def control(self, **command: Any) -> None:
        """Tell the server of endpoints what happens there."""
        body = json.dumps(command).encode()
        with urlopen(Request(f"{self.sagemaker.url}/_control", body), timeout=30):  # noqa: S310
            pass

    def create_endpoints(self, *names: str, count: int = 2) -> None:
        """Create endpoints of one configuration, as a user does; they live in moto.

        Args:
            names: Of the endpoints; the model and the configuration are called like the first.
            count: Instances of each one's variant, blue.
        """
        client, first = self.client("sagemaker"), names[0]
        role = "arn:aws:iam::123456789012:role/sagemaker"
        container = {"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"}
        client.create_model(ModelName=first, ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {
            "VariantName": "blue",
            "ModelName": first,
            "InitialInstanceCount": count,
            "InstanceType": "ml.g4dn.xlarge",
        }
        client.create_endpoint_config(EndpointConfigName=first, ProductionVariants=[variant])
        for name in names:
            client.create_endpoint(EndpointName=name, EndpointConfigName=first)

    def sent(self, endpoint: str) -> list[int]:
        """List the counts that were asked of an endpoint's variant, wherever it lives."""
        with urlopen(f"{self.sagemaker.url}/_calls", timeout=30) as answer:  # noqa: S310
            calls = json.load(answer)
        return [
            call["body"]["DesiredWeightsAndCapacities"][0]["DesiredInstanceCount"]
            for call in calls
            if call["operation"] == "UpdateEndpointWeightsAndCapacities"
            and call["body"]["EndpointName"] == endpoint
        ]

    def desired(self, endpoint: str) -> int:
        """Read how many instances an endpoint's variant is to have."""
        found = self.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        count: int = found["ProductionVariants"][0]["DesiredInstanceCount"]
        return count

    def status(self, endpoint: str) -> tuple[str, int]:
        """Read an endpoint's status, and how many of its variant's instances are in service."""
        found = self.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        return found["EndpointStatus"], found["ProductionVariants"][0]["CurrentInstanceCount"]

    def is_in_moto(self, endpoint: str) -> bool:
        """Say whether moto, asked itself, has an endpoint."""
        found = client_of(self.moto, "sagemaker").list_endpoints(NameContains=endpoint)
        return endpoint in [each["EndpointName"] for each in found["Endpoints"]]

    def flyball(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the command line against the stack."""
        program = str(Path(sys.executable).with_name("flyball"))
        return subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**os.environ, **self.environment},
            timeout=120,
        )

    def deploy_again(self, **overrides: str) -> None:
        """Deploy what was built once more, with other parameters.

        Raises:
            RuntimeError: It failed; the message ends with what it said.
        """
        _deploy(Path(self.environment["HOME"]), self.environment, **overrides)

    @property
    def ledger_url(self) -> str:
        """Name the ledger as `--ledger` takes it."""
        return f"dynamodb:{self.outputs['TargetsTable']}/{self.outputs['LedgerTable']}"


@contextmanager
def deployed(folder: Path, speed: float = 60) -> Iterator[Deployment]:
    """Build and deploy the template, and take everything down afterwards.

    Args:
        folder: For logs, what is built, and homes.
        speed: Of the clock of our server's endpoints: seconds in a second.

    Raises:
        RuntimeError: A step failed; the message ends with what it said.
    """
    with ExitStack() as ends:
        moto = start_moto(folder / "moto")
        ends.callback(moto.stop)
        sagemaker = _start_sagemaker(folder / "sagemaker", speed, moto)
        ends.callback(sagemaker.stop)
        elsewhere = {
            "AWS_ENDPOINT_URL_SAGEMAKER": sagemaker.url,
            "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": sagemaker.url,
        }
        aws = start_ministack(
            folder / "ministack",
            {
                **elsewhere,
                "AWS_ENDPOINT_URL": "http://127.0.0.1:{port}",
                "PYTHONPATH": str(ROOT),
                "LOG_LEVEL": "INFO",
            },
            "tests.aws.stand_in",
        )
        ends.callback(aws.stop)
        environment = {
            **environment_for(folder),
            **elsewhere,
            "AWS_ENDPOINT_URL": aws.url,
            "SAM_CLI_TELEMETRY": "0",
        }
        build_s = build(folder / "build", folder)
        deploy_s = _deploy(folder, environment)
        (stack,) = client_of(aws, "cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        yield Deployment(aws, sagemaker, moto, outputs, environment, build_s, deploy_s)


def _start_sagemaker(folder: Path, speed: float, moto: Server) -> Server:
    """Start our server of endpoints before moto's."""
    command = [sys.executable, "-m", "tests.aws.sagemaker", "--port", "{port}"]
    options = ["--speed", str(speed), "--behind", moto.url]
    return serve("sagemaker", folder, command + options, {"PYTHONPATH": str(ROOT)}, "/_calls")


def build(out: Path, home: Path) -> float:
    """Build the template's functions and layer into a folder, and say how long it took, seconds.

    Raises:
        RuntimeError: It failed; the message ends with what it said.
    """
    environment = {
        **environment_for(home),
        "SAM_CLI_TELEMETRY": "0",
        "FLYBALL_PYTHON_RUNTIME": RUNTIME,
        "PYTHON": sys.executable,
    }
    return _sam(environment, "build", "--build-dir", str(out), *_overrides())


def _deploy(folder: Path, environment: Mapping[str, str], **overrides: str) -> float:
    return _sam(
        environment,
        *("deploy", "--template-file", str(folder / "build" / "template.yaml")),
        *("--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"),
        *("--no-confirm-changeset", "--no-progressbar", *_overrides(**overrides)),
    )


def _overrides(**overrides: str) -> tuple[str, ...]:
    given = {"PythonRuntime": RUNTIME, "Mode": "apply", "LogLevel": "INFO", **overrides}
    return "--parameter-overrides", " ".join(f"{name}={each}" for name, each in given.items())


def _sam(environment: Mapping[str, str], *arguments: str) -> float:
    """Run SAM in the repository, as a user would, and say how long it took."""
    start = time.monotonic()
    told = subprocess.run(
        [os.environ[SAM], *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if told.returncode:
        raise RuntimeError(
            f"sam {arguments[0]} failed:\n{told.stdout[-3000:]}{told.stderr[-3000:]}"
        )
    return time.monotonic() - start


def wait_for(look: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """Look again and again until something is seen; the last look's answer, whatever it is."""
    ends = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > ends:
            return found
        time.sleep(0.1)
