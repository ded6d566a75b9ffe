"""Targets: what sfc emits, as values; `sfc.driver` writes them."""
