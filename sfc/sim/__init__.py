"""Simulators, datasets and what runs yield."""

DEFAULT_ENGINE = "auto"
"""The engine that runs a circuit where none is named; it is stated here alone."""
