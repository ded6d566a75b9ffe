"""The circuit IR."""
