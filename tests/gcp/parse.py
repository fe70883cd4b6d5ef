"""Would gcloud take these commands? Run by gcloud's own interpreter: commands in, answers out.

    python parse.py SDK < commands.json > answers.json

Each command is parsed by gcloud's own parser, with every flag's type and what a command requires;
nothing is run. An answer is "" where it is taken, else what gcloud says.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys


def main() -> None:
    """Read a list of lists of words, and write a list of texts."""
    root = sys.argv[1]
    sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]
    from googlecloudsdk import gcloud_main  # type: ignore[import-not-found]

    parser = gcloud_main.CreateCLI([])._CLI__parser

    def parse(words: list[str]) -> str:
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                parser.parse_args(words)
        except SystemExit:
            return said.getvalue().strip() or "refused"
        except Exception as error:  # noqa: BLE001  (whatever gcloud raises is its answer)
            return f"{type(error).__name__}: {error}"
        return ""

    print(json.dumps([parse(words) for words in json.load(sys.stdin)]))  # noqa: T201


if __name__ == "__main__":
    main()
