"""The event engine: every circuit, a few kernels compiled once for all."""
