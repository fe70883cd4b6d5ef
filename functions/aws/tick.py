"""What does the schedule call every minute?"""

from __future__ import annotations

from typing import Any

import flyball.wiring.cold  # noqa: F401  (before all that is heavy)

# isort: split
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from flyball.wiring.aws import Settings
from flyball.wiring.aws_function import Function, tracing
from flyball.wiring.tell import say_by, serialize

settings = Settings.from_env()
logger = Logger(json_serializer=serialize)
metrics = Metrics(namespace=settings.metrics_namespace)
function = Function(settings, say_by(logger), metrics)


@logger.inject_lambda_context
@metrics.log_metrics
@tracing(settings)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Look at what is due: a handful here, the rest through the queue."""
    return function.tick(event, context.get_remaining_time_in_millis)
