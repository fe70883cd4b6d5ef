"""What does Lambda call for an alarm, a changed endpoint, or a message of the queue?"""

from __future__ import annotations

from typing import Any

import flyball.wiring.cold  # noqa: F401  (before all that is heavy)

# isort: split
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from flyball.wiring.aws import Settings
from flyball.wiring.aws_function import Function, tracing
from flyball.wiring.tell import say_by, serialize

settings = Settings.from_env()
logger = Logger(json_serializer=serialize)
metrics = Metrics(namespace=settings.metrics_namespace)
function = Function(settings, say_by(logger), metrics)
# A ledger that is throttled is the metric Failed, not an error of this function.
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context
@metrics.log_metrics
@tracing(settings)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Wake whom the event names; what failed is given back to the queue, or raised."""
    handled = function.wake(event, context.get_remaining_time_in_millis)
    if handled.by_queue:
        return dict(process_partial_response(event, handled.settle, processor, context))
    return dict(handled.finish())
