"""A board that takes whatever it is told, so that the checks of nengo-loihi's last stage run.

`nengo_loihi.hardware.builder` writes a board's registers through NxSDK, which is not public, and
asserts on the way what those registers hold.
"""

from __future__ import annotations

from nengo_loihi.hardware import builder
from nengo_loihi.hardware.nxsdk_objects import Board


class Registers:
    """Any register, array of registers or call."""

    def __getattr__(self, _: str) -> Registers:
        return _REGISTERS

    def __setattr__(self, _: str, __: object) -> None:
        pass

    def __getitem__(self, _: object) -> Registers:
        return self

    def __call__(self, *_: object, **__: object) -> Registers:
        return self


_REGISTERS = Registers()


class Core(Registers):
    """A core, by its number within its chip and the chip that it is on."""

    def __init__(self, number: int, chip: Chip) -> None:
        self.__dict__.update(id=number, parent=chip)


class Chip:
    """A chip with its cores."""

    def __init__(self, number: int, cores: int, board: NxsdkBoard) -> None:
        self.id, self.parent = number, board
        self.n2Cores = self.n2CoresAsList = [Core(k, self) for k in range(cores)]


class NxsdkBoard:
    """What stands in for NxSDK's board."""

    def __init__(self, _: int, __: int, cores_per_chip: list, ___: list) -> None:
        self.n2Chips = [Chip(k, cores, self) for k, cores in enumerate(cores_per_chip)]


def build(board: Board) -> None:
    """Goes through the last stage; raises whatever nengo-loihi raises there.

    Nothing may learn: it knows one rule of its own, and no core where only some synapses learn.
    """
    builder.NxsdkBoard = NxsdkBoard
    builder.build_board(board, use_snips=True, seed=0)
