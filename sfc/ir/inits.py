"""How a matrix may get its first weights: the methods, their arguments, and ranges of those."""

_ANY, _POSITIVE = (-(2**20), 2**20), (0, 2**20)

INITS: dict[str, dict[str, tuple[int, int]]] = {
    "zeros": {},
    "constant": {"value": _ANY},
    "uniform": {"low": _ANY, "high": _ANY},
    "glorot_normal": {"scale": _POSITIVE, "clip": _POSITIVE},
}
"""See `sfc.sim.initial` for what the methods do; a uniform's low must not exceed its high."""
