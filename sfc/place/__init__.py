"""Placement: which neurons lie on which core, and what that costs."""
