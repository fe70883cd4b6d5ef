"""How is Google's own gcloud driven at a server of this machine?

Without credentials, with a configuration of its own, and with no project or property of a person.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

INSTALL = "install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install"
PATIENCE_S = 120.0
"""gcloud takes seconds to start; a shared machine may be slow."""


class Cli:
    """gcloud, whose services are all at one URL."""

    def __init__(self, url: str, folder: Path, project: str) -> None:
        self._folder, self._project = folder, project
        self._environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "CLOUDSDK_CONFIG": str(folder / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM": f"{url}/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_ML": f"{url}/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDSCHEDULER": f"{url}/",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_MONITORING": f"{url}/",
        }

    def run(self, *words: str) -> Any:
        """Run a command, and read what it prints as JSON."""
        ran = self._run(words)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "null")

    def refuse(self, *words: str) -> str:
        """Run a command that fails, and give what it says."""
        ran = self._run(words)
        assert ran.returncode != 0, ran.stdout
        return ran.stderr

    def write(self, name: str, text: str) -> str:
        """Write a file that a command reads."""
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["gcloud", *words, f"--project={self._project}", "--format=json"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


def open_cli(url: str, folder: Path, project: str) -> Cli:
    """Find gcloud; skips the test, and says why, where there is none."""
    if shutil.which("gcloud") is None:
        pytest.skip(f"gcloud is not on the PATH, so nothing is checked against it; {INSTALL}")
    return Cli(url, folder, project)
