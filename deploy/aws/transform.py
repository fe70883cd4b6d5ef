"""What does CloudFormation get of template.yaml once SAM has written it out?

Scanners see only what is written: a function's own policies, for one, are there after this. It is
done offline, with code that lies nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

CODE = "s3://nowhere/code.zip"
ROOT = Path(__file__).resolve().parents[2]


class NoManagedPolicies:
    """A loader of AWS's managed policies that has none: our template names none."""

    def load(self) -> dict[str, str]:
        """Give none."""
        return {}


def transform(path: Path) -> dict[str, Any]:
    """Write out a SAM template as plain CloudFormation."""
    return write_out(read(path))


def read(path: Path) -> dict[str, Any]:
    """Read a SAM template."""
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415  (slow, and only here)

    template: dict[str, Any] = yaml_parse(path.read_text(encoding="utf-8"))
    return template


def write_out(template: dict[str, Any], layer: str = CODE) -> dict[str, Any]:
    """Write out a template that was read; its layer's code lies at `layer`."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    from samtranslator.translator.transform import transform as translate  # noqa: PLC0415

    template = deepcopy(template)
    template["Globals"]["Function"]["CodeUri"] = CODE
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = layer
    written: dict[str, Any] = translate(template, {}, NoManagedPolicies())
    return written


def main(arguments: list[str] | None = None) -> int:
    """Write the transformed template to a file."""
    parser = argparse.ArgumentParser(description="Write out the SAM template.")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    written = transform(ROOT / "template.yaml")
    chosen.out.write_text(json.dumps(written, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
