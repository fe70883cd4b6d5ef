"""What is Flyball? An autoscaling controller for model endpoints that can say why."""

__version__ = "0.1.0"
