"""Every mistake that a circuit file can hold: what the message says, and that the fix compiles.

`<code>-<slug>.sfc` has one mistake, `<code>-<slug>.txt` the message, and `<code>-<slug>.valid.sfc`
is the nearest file without the mistake. Files of codes that `sfc check` gives are checked, too.
SFC_UPDATE_GOLDEN=1 rewrites the messages.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sfc
from sfc.codes import CODES, OF_THE_CHECK
from sfc.diagnostics import Diagnostic
from sfc.resources import resource

FOLDER = Path(__file__).parent / "errors"
VALID = sorted(path.name for path in FOLDER.glob("*.valid.sfc"))
INVALID = [name.replace(".valid.sfc", ".sfc") for name in VALID]

# Codes that no circuit file alone can cause, with where they are tested instead.
ELSEWHERE = {
    "E0101": "a missing file: tests/property/test_front_end.py",
    "E0103": "a file of more than 16 MiB: tests/property/test_front_end.py",
    "E0206": "a look-up of weights: tests/unit/test_sema.py",
    "W0301": "an array in a file: tests/unit/test_quantise_pass.py",
}


def diagnostics_of(name: str) -> tuple[Diagnostic, ...]:
    reporter = sfc.Reporter()
    code = name.partition("-")[0]
    try:
        circuit = sfc.compile(name, reporter)
        if code in OF_THE_CHECK:
            sfc.check(circuit, reporter, strict=code == "E0508")
    except sfc.SfcError as error:
        return error.diagnostics
    return tuple(reporter.sorted())


@pytest.fixture(autouse=True)
def _in_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


@pytest.mark.parametrize("name", INVALID)
def test_one_mistake_gives_one_message(name: str) -> None:
    diagnostics = diagnostics_of(name)
    text = "".join(f"{diagnostic}\n" for diagnostic in diagnostics)
    text = text.replace(str(resource("circuits")), "circuits")
    golden = Path(name).with_suffix(".txt")
    if os.environ.get("SFC_UPDATE_GOLDEN") == "1":
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")
    assert [diagnostic.code for diagnostic in diagnostics] == [name.partition("-")[0]]


@pytest.mark.parametrize("name", VALID)
def test_the_nearest_valid_file_compiles_silently(name: str) -> None:
    assert diagnostics_of(name) == ()


def test_every_file_belongs_to_a_triple() -> None:
    stems = {name.removesuffix(".valid.sfc") for name in VALID}
    wanted = {f"{stem}{end}" for stem in stems for end in (".sfc", ".valid.sfc", ".txt")}
    assert {path.name for path in FOLDER.iterdir()} == wanted


def test_every_code_of_the_front_end_is_covered() -> None:
    covered = {name.partition("-")[0] for name in INVALID}
    front_end = {code for code in CODES if code[1:] < "07"} | {"E1011"}
    assert covered == front_end - set(ELSEWHERE)
    assert not covered & set(ELSEWHERE)
