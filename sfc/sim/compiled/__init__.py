"""The compiled engine: a kernel made for one circuit, from its phase analysis."""
