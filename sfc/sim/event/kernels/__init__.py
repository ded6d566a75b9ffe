"""What the event engine runs compiled. All modules but `layout` load Numba: import them late."""
