"""Which box of a diagram stands for a named thing, when modules are unfolded to some depth.

Names are paths: ``net.layer[2].h`` is h of element 2 of layer of net. Elements of an array are
drawn one by one if they are few, as one stack if they are many.
"""

from __future__ import annotations

from collections.abc import Iterable

FOLD_MARK = "*"
"""Ends the names of boxes that stand for modules and arrays; no thing is called so."""

_MOST_ELEMENTS = 16


class Outline:
    """The modules and arrays that names tell of.

    Attributes:
        depth: of unfolding at which every name has a box of its own.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._paths = {name: tuple(name.split(".")) for name in names}
        elements: dict[tuple[str, ...], set[str]] = {}
        for path in self._paths.values():
            for level, part in enumerate(path):
                if part.endswith("]"):
                    elements.setdefault((*path[:level], _stem(part)), set()).add(part)
        self._arrays = {key: len(v) for key, v in elements.items() if len(v) > _MOST_ELEMENTS}
        self.depth = max(map(self._deepest, self._paths.values()), default=0)

    def _deepest(self, path: tuple[str, ...]) -> int:
        return len(path) - 1 + ((*path[:-1], _stem(path[-1])) in self._arrays)

    def box_of(self, name: str, depth: int) -> str:
        """Returns the box that stands for a name: itself, ``module.*``, or ``array[*]``."""
        path = self._paths[name]
        for level, part in enumerate(path):
            if level < depth:
                continue
            array = (*path[:level], _stem(part))
            if array in self._arrays:
                return f"{'.'.join(array)}[{FOLD_MARK}]"
            if level < len(path) - 1:
                return ".".join((*path[: level + 1], FOLD_MARK))
        return name

    def boxes(self, depth: int) -> dict[str, list[str]]:
        """Returns the boxes at a depth, in order of declaration, with the names in each."""
        boxes: dict[str, list[str]] = {}
        for name in self._paths:
            boxes.setdefault(self.box_of(name, depth), []).append(name)
        return boxes

    def elements(self, box: str) -> int:
        """Returns how many elements the array has that a box stands for."""
        return self._arrays.get(tuple(box.removesuffix(f"[{FOLD_MARK}]").split(".")), 0)


def is_module(box: str) -> bool:
    """Tells whether a box stands for a module."""
    return box.endswith(f".{FOLD_MARK}")


def is_array(box: str) -> bool:
    """Tells whether a box stands for all elements of an array."""
    return box.endswith(f"[{FOLD_MARK}]")


def module_of(box: str) -> str:
    """Returns the module that a box is drawn in; empty at the top."""
    return box.removesuffix(f".{FOLD_MARK}").rpartition(".")[0]


def modules_around(box: str) -> list[str]:
    """Returns the modules that a box is drawn in, from the outermost."""
    parts = module_of(box).split(".")
    prefixes = [".".join(parts[:level]) for level in range(1, len(parts) + 1)]
    return [prefix for prefix in prefixes if prefix]


def _stem(part: str) -> str:
    return part.partition("[")[0] if part.endswith("]") else ""
