"""Chips: published limits and costs as data, and what a circuit takes of them."""
