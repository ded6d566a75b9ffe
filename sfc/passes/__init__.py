"""Passes: what turns a circuit into an equal or an executable one."""
