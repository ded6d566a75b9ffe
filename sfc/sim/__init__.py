"""Simulators, datasets and what runs yield."""
