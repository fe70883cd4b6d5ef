"""How is the code layer of AWS built: the package and its libraries, once, for both functions?

`sam build` calls this through the Makefile beside it, without Docker. The libraries are those of
requirements/aws-function.txt, by hash; then what no function needs is taken out, and the rest is
compiled, since a function's folder can be written by nobody: without compiled files each cold start
would compile everything again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.aws.slim import slim
from deploy.stage import copy_package, digest_tree

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = "FLYBALL_PYTHON_RUNTIME"
"""Variable that names the functions' runtime, as the template's parameter PythonRuntime does."""
USUAL_RUNTIME = "python3.13"
REMEDY = f"install it, or set {RUNTIME} and the parameter PythonRuntime to one that is here"
PLATFORM = "manylinux2014_aarch64"
UNWANTED = ("bin", "boto3/examples", "six.py.orig")
UNWANTED_EVERYWHERE = ("__pycache__", "tests", "test", "*.pyi", "*.so.dbg", "py.typed")


def build(out: Path, runtime: str) -> str:
    """Fill a folder with the layer, and give the digest of the package in it.

    Raises:
        subprocess.CalledProcessError: A library cannot be installed; pip has said why.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    install(out, runtime)
    copy_package(ROOT / "shared" / "flyball", out / "flyball")
    digest = digest_tree(out / "flyball")
    prune(out)
    slim(out / "botocore" / "data")
    compile_all(out, runtime)
    return digest


def install(out: Path, runtime: str) -> None:
    """Install the libraries of the lock, for Lambda's own machines, by hash."""
    version = runtime.removeprefix("python")
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--target", str(out), "--no-compile", "--require-hashes", "--only-binary", ":all:"),
        *("--platform", PLATFORM, "--implementation", "cp", "--python-version", version),
        *("--requirement", str(ROOT / "requirements" / "aws-function.txt")),
    ]
    subprocess.run(command, check=True)  # noqa: S603  (our own arguments)


def prune(out: Path) -> None:
    """Take out what no function reads."""
    for name in UNWANTED:
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for pattern in UNWANTED_EVERYWHERE:
        for path in sorted(out.rglob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(out.glob("*.dist-info/RECORD")):  # it lists what was taken out
        path.unlink()


def compile_all(out: Path, runtime: str, remedy: str = REMEDY) -> None:
    """Compile every module by the runtime's own interpreter, if this machine has it.

    Args:
        out: The folder.
        runtime: Such as "python3.13".
        remedy: What to do where there is none.
    """
    python = find_python(runtime)
    if python is None:
        print(
            f"build: no {runtime} here, so nothing is compiled and a cold start takes longer; "
            f"{remedy}",
            file=sys.stderr,
        )
        return
    mode = ("--invalidation-mode", "unchecked-hash")  # nobody writes there: nothing to compare
    command = [python, "-m", "compileall", "-q", "-j", "0", *mode]
    kept = {key: each for key, each in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*command, str(out)], check=True, env=kept)  # noqa: S603  (likewise)


def find_python(runtime: str) -> str | None:
    """Find an interpreter of that version that runs; this one first."""
    for python in (sys.executable, runtime):
        found = shutil.which(python)
        if found is None:
            continue
        asked = [found, "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"]
        told = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
        if told.stdout.strip() == runtime:
            return found
    return None


def weigh(out: Path) -> list[tuple[str, int]]:
    """Weigh what is in the layer: (name, bytes), the heaviest first."""
    weights: dict[str, int] = {}
    for path in out.rglob("*"):
        if path.is_file():
            name = path.relative_to(out).parts[0]
            weights[name] = weights.get(name, 0) + path.stat().st_size
    return sorted(weights.items(), key=lambda each: -each[1])


def main(arguments: list[str] | None = None) -> int:
    """Build the layer, and print what it weighs."""
    parser = argparse.ArgumentParser(description="Build the code layer of AWS.")
    parser.add_argument("--out", type=Path, required=True, help="the layer's folder `python`")
    parser.add_argument(
        "--runtime", default=os.environ.get(RUNTIME, USUAL_RUNTIME), help=f"default: {RUNTIME}"
    )
    chosen = parser.parse_args(arguments)
    digest = build(chosen.out, chosen.runtime)
    weights = weigh(chosen.out)
    for name, size in weights[:8]:
        print(f"{size / 1e6:8.2f} MB  {name}")
    print(f"{sum(size for _, size in weights) / 1e6:8.2f} MB  in all, for {chosen.runtime}")
    print(f"{digest}  flyball")
    return 0


if __name__ == "__main__":
    sys.exit(main())
