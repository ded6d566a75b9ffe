"""Neuron models: their settings, their inheritance, and the integers that they must fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sfc.diagnostics import nearest
from sfc.ir.circuit import Neuron, Weight
from sfc.ir.integers import (
    DECAY_LIMIT,
    REFRACTORY_LIMIT,
    THRESHOLD_LIMIT,
    holds_bias,
    nearest_bias,
    nearest_weight,
    split_weight,
)
from sfc.sema.evaluate import integer
from sfc.sema.scope import Scope
from sfc.span import Span
from sfc.syntax import ast

_RANGES = {
    "threshold": (0, THRESHOLD_LIMIT),
    "bias": (-8192, 8190),
    "refractory": (0, REFRACTORY_LIMIT),
    "decay_u": (0, DECAY_LIMIT),
    "decay_v": (0, DECAY_LIMIT),
    "drive": (1, 255 * 2**7),
    "close": (1, 255 * 2**7),
    "ring": (1, 255 * 2**7),
}
"""Every setting of a model and its range; the last three are weights, in weight units."""


@dataclass(frozen=True, slots=True)
class Model:
    """A neuron model with its circuit conventions; None where nothing was set.

    Attributes:
        drive: weight of one spike that must fire an open neuron.
        close: strength of a closing gate.
        ring: weight between the relays of a chain.
    """

    name: str
    threshold: int | None = None
    bias: int = 0
    refractory: int = 0
    decay_u: int = DECAY_LIMIT
    decay_v: int = DECAY_LIMIT
    drive: int | None = None
    close: int | None = None
    ring: int | None = None

    def neuron(self, scope: Scope, span: Span) -> Neuron:
        """Returns the parameters of a population at `span`; reports a missing threshold."""
        threshold = self.need("threshold", scope, span)
        return Neuron(threshold, self.bias, self.refractory, self.decay_u, self.decay_v)

    def need(self, setting: str, scope: Scope, span: Span) -> int:
        """Returns a setting that is used at `span`; reports it if it is not set."""
        value = getattr(self, setting)
        if value is None:
            scope.once(("setting", self.name, setting))
            message = f"neuron model `{self.name}` has no `{setting}`, which is used here"
            help = f"add `{setting} = …;` to `{self.name}`"
            scope.error("E0504", message, span, help=help)
        return int(value)


def declare_model(declaration: ast.NeuronModel, scope: Scope) -> None:
    """Declares a neuron model."""

    def resolve() -> Model:
        base = Model("")
        if declaration.base:
            base = scope.lookup(declaration.base, "neuron model")
        base = replace(base, name=declaration.name.text)
        return extend(base, declaration.settings, scope)

    scope.declare("neuron model", declaration.name, resolve)


def extend(model: Model, settings: tuple[ast.Setting, ...], scope: Scope) -> Model:
    """Returns a model with some settings changed."""
    for setting in unique(settings, scope):
        key = setting.key.text
        if key not in _RANGES:
            help = nearest(key, _RANGES) or f"the settings are {', '.join(_RANGES)}"
            scope.error("E0204", f"unknown setting `{key}`", setting.key.span, help=help)
        if setting.value.high is not None:
            scope.error("E0305", f"`{key}` is one number, not a range", setting.value.span)
        value = integer(setting.value.low, scope, f"`{key}`", *_RANGES[key])
        if key == "bias" and not holds_bias(value):
            message = f"`bias` is {value}; 64 times it is no 13-bit mantissa times 2^0..7"
            help = f"the nearest that can be held is {nearest_bias(value)}"
            scope.error("E0303", message, setting.value.span, help=help)
        if key in ("drive", "close", "ring"):
            constant_weight(value, scope, setting.value.span, f"`{key}`")
        model = replace(model, **{key: value})  # type: ignore[arg-type]
    return model


def unique(settings: tuple[ast.Setting, ...], scope: Scope) -> tuple[ast.Setting, ...]:
    """Returns settings of which no key occurs twice; reports one that does."""
    keys = set()
    for setting in settings:
        if setting.key.text in keys:
            message = f"`{setting.key.text}` is set twice"
            scope.error("E0205", message, setting.key.span, help="keep one of them")
        keys.add(setting.key.text)
    return settings


def constant_weight(
    value: float, scope: Scope, span: Span, what: str, write: Callable[[float], str] | None = None
) -> Weight:
    """Returns a weight that can be held.

    Args:
        value: in weight units.
        what: how a message calls the weight.
        write: says what to write for the nearest weight, where that is not the weight itself.
    """
    held = split_weight(value)
    if held is None:
        near = nearest_weight(value)
        message = f"{what} is {value!r}, which is no 8-bit mantissa times 2^-6..7"
        help = f"the nearest that can be held is {near:g}"
        scope.error("E0303", message, span, help=help + (f": write {write(near)}" if write else ""))
    return Weight(held[0], held[1])
