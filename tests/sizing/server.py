"""How does a small, real model answer over HTTP, from several worker processes?

    python -m tests.sizing.server [--workers 2] [--threads 4] [--cores 1 | --core N] [--port 0]

Boosted decision trees (scikit-learn) behind Flask and gunicorn. Its first line on stdout is
its port. `POST /invocations` takes {"instances": [[20 numbers], ...]}, `GET /ping` says that it is
well.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

FEATURES, TREES, ROWS, SEED = 20, 800, 2_000, 7


def make_app() -> Any:
    """Train the model, and put it behind HTTP."""
    from flask import Flask, jsonify, request
    from sklearn.datasets import make_classification
    from sklearn.ensemble import GradientBoostingClassifier

    rows, labels = make_classification(ROWS, FEATURES, random_state=SEED)
    model = GradientBoostingClassifier(n_estimators=TREES, subsample=0.3, random_state=SEED)
    model.fit(rows, labels)
    app = Flask(__name__)

    @app.get("/ping")
    def ping() -> str:
        return "well"

    @app.post("/invocations")
    def invoke() -> Any:
        found = model.predict_proba(request.get_json()["instances"])
        return jsonify(predictions=found[:, 1].tolist())

    return app


def serve(workers: int, threads: int, cores: list[int], port: int) -> None:
    """Answer until somebody ends it, on these cores alone."""
    from gunicorn.app.base import BaseApplication

    os.sched_setaffinity(0, cores)
    made = make_app()

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            settings = {
                "bind": f"127.0.0.1:{port}",
                "workers": workers,
                "worker_class": "gthread",
                "threads": threads,
                "keepalive": 60,
                "loglevel": "error",
                "when_ready": _tell,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return made

    Application().run()


def _tell(server: Any) -> None:
    """Say at which port it answers, from now on."""
    sys.stdout.write(f"{server.LISTENERS[0].getsockname()[1]}\n")
    sys.stdout.flush()


def main() -> None:
    """Read how it is to be served, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--cores", type=int, default=1, help="so many, the machine's last ones")
    parser.add_argument("--core", type=int, help="this one")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    allowed = sorted(os.sched_getaffinity(0))
    cores = allowed[-given.cores :] if given.core is None else [given.core]
    serve(given.workers, given.threads, cores, given.port)


if __name__ == "__main__":
    main()
