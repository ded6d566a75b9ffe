"""Sweeps: one circuit trained and tested for many seeds and values of its parameters."""
