"""What small texts and files can ask for at most: little time, less than a gigabyte, one error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfc

HANG = 300
"""Seconds after which a child process is given up; it takes a few."""

CHILD = """
import json, resource, sys
import sfc
if sys.platform == "linux":
    resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))
texts, limits = json.load(sys.stdin)
sfc.compile_text("sfc 1; neuron M { threshold = 1; } population a : M; a -> a sparse(1) weight 1;")
for name, module in list(sys.modules.items()):
    for limit, value in limits.items():
        if name.startswith("sfc.") and hasattr(module, limit):
            setattr(module, limit, value)
for name, text in texts.items():
    try:
        sfc.compile_text(text, "test.sfc")
        said = []
    except sfc.SfcError as error:
        said = [(d.code, d.message[:200]) for d in error.diagnostics]
    except BaseException as error:
        said = [(type(error).__name__, str(error))]
    print(json.dumps([name, said]), flush=True)
"""


def compiled_in_a_child(texts: dict[str, str], **limits: int) -> dict[str, Any]:
    """Compiles texts with a gigabyte of memory; returns what was said about each."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps([texts, limits]),
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return dict(json.loads(line) for line in child.stdout.splitlines())


MODEL = "sfc 1; neuron M { threshold = 100; drive = 51; ring = 101; close = 64; }\n"
CHAIN = MODEL + "chain g[4] : M ring; population p : M; input i; phase 1 { present i to p; }\n"
PAIR = MODEL + "population a[10], b[10] : M; "
LARGE = MODEL + "population a[10**5], b[10**5] : M; "
GRID = MODEL + "population a[9, 9], b[9, 9] : M; "
TENFOLD = "".join(f"const a{n + 1} = [{', '.join([f'a{n}'] * 10)}];" for n in range(30))
NESTED_ARRAYS = "const a0 = [1, 2];" + TENFOLD
TWICE = NESTED_ARRAYS + NESTED_ARRAYS.replace("a", "b")

REFUSED = {
    "sum of 100,000": ("sfc 1; const a = " + "+".join("1" * 100_000) + ";", "E0106"),
    "round brackets": ("sfc 1; const a = " + "(" * 10_000 + "1" + ")" * 10_000 + ";", "E0106"),
    "square brackets": ("sfc 1; const a = " + "[" * 10_000 + "1" + "]" * 10_000 + ";", "E0106"),
    "fewer square brackets": ("sfc 1; const a = " + "[" * 999 + "1" + "]" * 999 + ";", "E0106"),
    "indices": ("sfc 1; const a = [1]; const b = " + "a[" * 99 + "0" + "]" * 99 + ";", "E0106"),
    "conditions": ("sfc 1;" + "if true {" * 10_000 + "}" * 10_000, "E0106"),
    "loops in loops": ("sfc 1;" + "for i in 0..1 {" * 3_000 + "}" * 3_000, "E0106"),
    "modules in modules": ("sfc 1;" + "module m {" * 3_000 + "}" * 3_000, "E0106"),
    "loops of a test": (
        CHAIN + 'test "" {' + "for i in 0..1 {" * 3_000 + "}" * 3_001,
        "E0106",
    ),
    "else if": ("sfc 1; if false {}" + "else if false {}" * 10_000, "E0106"),
    "open blocks": ("sfc 1;" + "if true {" * 3_000, "E0105"),
    "long range": ("sfc 1; for i in 0..10**12 {}", "E0306"),
    "loops of 10,000 by 10,000": ("sfc 1; for i in 0..9999 { for j in 0..9999 {} }", "E0306"),
    "loop over arrays": ("sfc 1; const a = [0..9**6]; for i in a { for j in a {} }", "E0306"),
    "neurons": (MODEL + "population p[10**9] : M;", "E0302"),
    "neurons of a loop": (MODEL + "for i in 0..999 as s { population p[10**6] : M; }", "E0306"),
    "neurons of a plane": (MODEL + "population p[10**7, 10**7] : M;", "E0306"),
    "module within itself": (MODEL + "module R { instance r : R; } instance r : R;", "E0213"),
    "module twice within itself": (
        MODEL + "module R { instance r : R; instance s : R; } instance r : R;",
        "E0213",
    ),
    "modules within each other": (
        MODEL + "module R { instance s : S; } module S { instance r : R; } instance r : R;",
        "E0213",
    ),
    "array of modules within itself": (
        MODEL + "module R { instance r[i in 0..9] : R; } instance r : R;",
        "E0213",
    ),
    "loop of modules": (
        MODEL + "module R { for i in 0..9 as s { instance r : R; } } instance r : R;",
        "E0213",
    ),
    "modules in a row": (
        MODEL
        + "module M0 {}"
        + "".join(f"module M{i + 1} {{ instance m : M{i}; }}" for i in range(300))
        + "instance m : M300;",
        "E0213",
    ),
    "instances": (MODEL + "module R {} instance r[i in 0..10**9] : R;", "E0306"),
    "relays of instances": (
        MODEL + "module R { chain g[10000] : M; } instance r[i in 0..99] : R;",
        "E0306",
    ),
    "array": ("sfc 1; const a = [0..10**9];", "E0306"),
    "array from far below": ("sfc 1; const a = [-10**18..10**18];", "E0306"),
    "arrays": ("sfc 1; const a = [" + ", ".join(["0..99999"] * 99) + "];", "E0306"),
    "arrays that are compared": ("sfc 1;" + TWICE + "const c = a30 == b30;", "E0305"),
    "arrays in a kernel": (GRID + NESTED_ARRAYS + "a -> b conv(a30) weight 1;", "E0305"),
    "arrays in a parameter": ("sfc 1;" + NESTED_ARRAYS + "param p = a30;", "E0305"),
    "arrays in a test": (CHAIN + NESTED_ARRAYS + 'test "" { present i = a30; }', "E0401"),
    "arrays in an assertion": ("sfc 1;" + NESTED_ARRAYS + "assert length(a30) == 1;", "E0210"),
    "pairs": (LARGE + "a[i] -> b[j] for i in 0..10**5 - 1, j in 0..10**5 - 1 weight 1;", "E0306"),
    "pairs of many variables": (
        PAIR + f"a[i0] -> b[i1] for {', '.join(f'i{k} in 0..1' for k in range(40))} weight 1;",
        "E0306",
    ),
    "pairs outside": (LARGE + "a[i] -> b[i] for i in 0..10**6 weight 1;", "E0306"),
    "sparse": (LARGE + "a -> b sparse(1, 0) weight 1;", "E0306"),
    "sparse and sparse": (LARGE + "a -> b sparse(0.0002) weight 1;" * 99, "E0306"),
    "toeplitz": (
        MODEL
        + "population a[10**7], b[10**7] : M; a -> b toeplitz([1, 1, 1, 1, 1]) weight 2;"
        + "a -> b toeplitz([1]) weight 2;" * 20,
        "E0306",
    ),
    "kernel": (
        MODEL
        + "population a[10**6], b[10**6]: M; const k = [0..998]; const l = [k, k, k];"
        + "a -> b conv(k, padding = 499) weight 0;",
        "E0306",
    ),
    "kernel of a plane": (GRID + "const k = [0..99999]; a -> b conv([k, k, k]);", "E0303"),
    "stride 0": (GRID + "a -> b conv([[1]], stride = 0);", "E0302"),
    "stride": (GRID + "a -> b conv([[1]], stride = 10**18);", "E0302"),
    "largest stride and padding": (
        GRID + "a -> b conv([[1]], stride = 2**20, padding = 2**20);",
        "E0401",
    ),
    "padding": (GRID + "a -> b conv([[1]], padding = 10**18);", "E0302"),
    "text": (f'sfc 1; import "{"x" * 10**6}";', "E0108"),
    "text of a matrix": (PAIR + f'a -> b matrix("{"x" * 10**6}", "k");', "E0403"),
    "text of a path": (f'sfc 1; import "{"a/" * 10**5}";', "E0108"),
    "text of an assertion": (f'sfc 1; assert false, "{"x" * 10**6}";', "E0210"),
    "text without an end": ('sfc 1; import "abc', "E0105"),
    "text without an end in its line": ('sfc 1; import "abc\n";', "E0105"),
    "texts without an end": ("sfc 1;" + '"\n' * 100_000, "E0106"),
    "quotes": ("sfc 1;" + '"' * 100_001, "E0105"),
    "run": (CHAIN + 'test "" { run 10**6 + 1; }', "E0302"),
    "frames": (CHAIN + 'test "" { frame 0..10**6 { present i = 1; } }', "E0306"),
    "frames of loops": (
        CHAIN + 'test "" { for i in 0..999 { frame 0..999999 { present i = 1; } } }',
        "E0306",
    ),
    "loops of a test without anything": (
        CHAIN + 'test "" { for i in 0..99999 { for j in 0..99999 {} } }',
        "E0306",
    ),
    "phases": (CHAIN + "assert silent p in 0..10**12;", "E0501"),
    "steps": (MODEL + 'population p : M; test "" { expect silent p at 0..10**12; }', "E0306"),
    "powers": ("sfc 1; const a = (10**18)**1024;", "E0304"),
    "chain of aliases in a circle": (
        "sfc 1;" + "".join(f"alias a{i} = a{(i + 1) % 999};" for i in range(999)),
        "E0106",
    ),
    "chain declared twice": (
        MODEL + "population p : M; chain g[3] : M ring;" + "chain k[2] : M started by p;" * 2,
        "E0203",
    ),
}


@pytest.fixture(scope="module")
def refused() -> dict[str, Any]:
    return compiled_in_a_child({name: text for name, (text, _) in REFUSED.items()})


@pytest.mark.parametrize("name", REFUSED)
def test_what_asks_for_too_much_is_refused(name: str, refused: dict[str, Any]) -> None:
    codes = [code for code, _ in refused[name]]
    assert REFUSED[name][1] in codes
    assert all(code[0] in "EW" and code[1:].isdigit() for code in codes), refused[name]


EXPANDING = {
    "loops": "sfc 1; for i in 0..999 { for j in 0..999 { const a = 1; } }",
    "named loops": MODEL + "for i in 0..999 as s { for j in 0..999 as t { population p : M; } }",
    "loops and conditions": "sfc 1; for i in 0..999 { for j in 0..99 { if i > j {} } }",
    "loops over arrays": "sfc 1; for i in [0..999] { for j in [0..999] {} }",
    "tree of modules": MODEL
    + "module R(n) { if n > 0 { instance r : R(n - 1); instance s : R(n - 1); } }"
    + "instance r : R(30);",
    "tree of arrays of modules": MODEL
    + "module R(n) { if n > 0 { instance r[i in 0..9] : R(n - 1); } } instance r : R(20);",
    "tree of loops of modules": MODEL
    + "module R(n) { for i in 1..n as s { instance r : R(n - 1); } } instance r : R(9);",
    "trees of modules": MODEL
    + "module M0 { population p : M; }"
    + "".join(f"module M{i + 1} {{ instance a : M{i}; instance b : M{i}; }}" for i in range(25))
    + "instance m : M25;",
    "loops of a test": CHAIN + 'test "" { for j in 0..999 { for k in 0..999 { present i = 1; } } }',
    "loops and frames of a test": CHAIN + 'test "" { for i in 0..99 { frame 0..999 {} } }',
    "frames of a test": CHAIN + 'test "" { frame 0..99999 { present i = 1; } }',
}


@pytest.fixture(scope="module")
def expanding() -> dict[str, Any]:
    return compiled_in_a_child(EXPANDING, EXPANSION_LIMIT=10_000)


@pytest.mark.parametrize("name", EXPANDING)
def test_everything_that_expands_is_counted(name: str, expanding: dict[str, Any]) -> None:
    assert [code for code, _ in expanding[name] if code != "E0205"] == ["E0306"], expanding[name]


# Files that name files


def said(folder: Path, text: str, name: str = "main.sfc", **parameters: Any) -> str:
    """The code of the first error, nothing if it compiles."""
    path = folder / name
    path.write_text(text, "utf-8")
    try:
        sfc.compile(path, **parameters)
    except sfc.SfcError as error:
        return error.diagnostics[0].code
    return ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    (inside / "parts").mkdir(parents=True)
    (tmp_path / "outside.sfc").write_text("sfc 1; const secret = 1;")
    (inside / "library.sfc").write_text("sfc 1; const a = 1; module E { port population p; }")
    (inside / "parts" / "library.sfc").write_text('sfc 1; import "deeper.sfc"; const b = 1;')
    (inside / "parts" / "deeper.sfc").write_text("sfc 1; const c = 1;")
    (inside / "passwd.sfc").symlink_to("/etc/passwd")
    (inside / "out.sfc").symlink_to(tmp_path / "outside.sfc")
    (inside / "up").symlink_to(tmp_path)
    (inside / "round.sfc").symlink_to(inside / "round.sfc")
    (inside / "alias.sfc").symlink_to(inside / "library.sfc")
    (inside / "zero.sfc").symlink_to("/dev/zero")
    os.mkfifo(inside / "pipe.sfc")
    (inside / "binary.sfc").write_bytes(b"\xff\xfe")
    (inside / "large.sfc").write_bytes(b"sfc 1;" + b" " * 16 * 2**20)
    (inside / "wrong.sfc").write_text("sfc 1; const = ;")
    (inside / "one.sfc").write_text('sfc 1; import "two.sfc";')
    (inside / "two.sfc").write_text('sfc 1; import "one.sfc";')
    return inside


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("library.sfc", ""),
        ("./library.sfc", ""),
        ("parts/library.sfc", ""),
        ("alias.sfc", ""),
        ("main.sfc", "E0109"),
        ("./main.sfc", "E0109"),
        ("one.sfc", "E0109"),
        ("/etc/passwd", "E0108"),
        ("../outside.sfc", "E0108"),
        ("parts/../library.sfc", "E0108"),
        ("~/x.sfc", "E0108"),
        ("C:\\x.sfc", "E0108"),
        ("file:///etc/passwd", "E0108"),
        ("passwd.sfc", "E0108"),
        ("out.sfc", "E0108"),
        ("up/outside.sfc", "E0108"),
        ("round.sfc", "E0108"),
        ("zero.sfc", "E0108"),
        ("pipe.sfc", "E0108"),
        ("parts", "E0108"),
        ("", "E0108"),
        (".", "E0108"),
        ("missing.sfc", "E0108"),
        ("x" * 5000, "E0108"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}.sfc", "E0108"),
        ("binary.sfc", "E0102"),
        ("large.sfc", "E0103"),
        ("wrong.sfc", "E0105"),
    ],
)
def test_imports(folder: Path, path: str, code: str) -> None:
    assert said(folder, f'sfc 1; import "{path}";') == code


def test_imports_of_many_files(folder: Path) -> None:
    for number in range(130):
        text = f'sfc 1; import "n{number + 1}.sfc"; const n{number} = 1;'
        (folder / f"n{number}.sfc").write_text(text)
    (folder / "n130.sfc").write_text("sfc 1;")
    assert said(folder, 'sfc 1; import "n60.sfc";') == ""
    assert said(folder, 'sfc 1; import "n0.sfc";') == "E0306"
    assert said(folder, "sfc 1;" + 'import "n60.sfc";' * 999) == ""
    for number in range(50):
        others = "".join(f'import "m{other}.sfc";' for other in range(number + 1, 50))
        (folder / f"m{number}.sfc").write_text(f"sfc 1; {others} const m{number} = 1;")
    assert said(folder, 'sfc 1; import "m0.sfc"; const a = m0;') == ""


# Matrices of files

NPY = b"\x93NUMPY\x01\x00"


def archive(header: str, data: bytes = b"") -> bytes:
    """An npz file with an array `k` of which header and data are given."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        text = header.encode() + b"\n"
        file.writestr("k.npy", NPY + len(text).to_bytes(2, "little") + text + data)
    return stream.getvalue()


def described(descr: str, shape: str, data: bytes = b"") -> bytes:
    return archive(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}", data)


def saved(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


WEIGHTS = np.arange(12).reshape(3, 4)

FILES = {
    "right": (saved(k=WEIGHTS), ""),
    "halves": (saved(k=WEIGHTS / 2), ""),
    "zeros": (saved(k=0 * WEIGHTS), ""),
    "beside another": (saved(k=WEIGHTS, j=np.zeros(9)), ""),
    "no such key": (saved(j=WEIGHTS), "E0403"),
    "transposed": (saved(k=WEIGHTS.T), "E0401"),
    "one number": (saved(k=5), "E0401"),
    "three dimensions": (saved(k=WEIGHTS[:, :, None]), "E0401"),
    "empty": (saved(k=WEIGHTS[:0]), "E0401"),
    "not a number": (saved(k=np.full((3, 4), np.nan)), "E0403"),
    "infinite": (saved(k=np.full((3, 4), -np.inf)), "E0403"),
    "truth": (saved(k=WEIGHTS > 3), "E0403"),
    "text": (saved(k=WEIGHTS.astype(str)), "E0403"),
    "complex": (saved(k=WEIGHTS * 1j), "E0403"),
    "too fine": (saved(k=np.full((3, 4), 1e-300)), "E0303"),
    "too large": (saved(k=np.full((3, 4), 1e300)), "E0303"),
    "64 bits": (saved(k=np.full((3, 4), 2**64 - 1, np.uint64)), "E0303"),
    "the lowest of 64 bits": (saved(k=np.full((3, 4), -(2**63), np.int64)), "E0303"),
    "both signs, odd": (saved(k=np.where(WEIGHTS > 5, 253, -253)), "E0303"),
    "pickled objects": (described("|O", "(3, 4)", b"\x80\x04N."), "E0403"),
    "huge header": (archive(" " * 60_000), "E0403"),
    "huge shape": (described("<u1", "(1000000000000, 784)"), "E0403"),
    "overflowing shape": (described("<u1", f"({2**62}, {2**62})"), "E0403"),
    "negative shape": (described("<u1", "(-3, -4)", bytes(12)), "E0403"),
    "bomb": (described("<u1", "(20000, 20000)", bytes(4 * 10**8)), "E0403"),
    "too few data": (described("<u1", "(3, 4)", bytes(11)), "E0403"),
    "code in the header": (archive("__import__('os').abort()"), "E0403"),
    "no archive": (b"hello", "E0403"),
    "nothing": (b"", "E0403"),
    "cut": (saved(k=WEIGHTS)[:-30], "E0403"),
}
JOINED = MODEL + 'population a[3], b[4] : M; a -> b matrix("{}", "k");'


@pytest.mark.parametrize("name", FILES)
def test_matrices_of_files(folder: Path, name: str) -> None:
    data, code = FILES[name]
    (folder / "m.npz").write_bytes(data)
    assert said(folder, JOINED.replace("{}", "m.npz")) == code


def test_matrices_outside_the_folder(folder: Path) -> None:
    (folder.parent / "m.npz").write_bytes(saved(k=WEIGHTS))
    (folder / "link.npz").symlink_to(folder.parent / "m.npz")
    for path in ("../m.npz", str(folder.parent / "m.npz"), "link.npz", "up/m.npz", "missing.npz"):
        assert said(folder, JOINED.replace("{}", path)) == "E0403", path


# Values of parameters


class Odd:
    def __float__(self) -> float:
        raise ValueError

    def __repr__(self) -> str:
        return "\x1b[31modd"


@pytest.mark.parametrize("name", ["n", "sizes"])
@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        -float("inf"),
        10**19,
        2**63,
        -(2**63),
        1e300,
        [10**30],
        [float("nan")],
        True,
        [True],
        None,
        "2",
        ["2"],
        [[1]],
        1j,
        {},
        Odd(),
        np.zeros((2, 2)),
        np.float64("nan"),
        np.datetime64("2020-01-01"),
    ],
    ids=repr,
)
def test_values_that_are_no_numbers(name: str, value: Any) -> None:
    with pytest.raises(sfc.SfcError) as caught:
        sfc.compile_text("sfc 1; param n = 2; param sizes = [1, 2];", **{name: value})
    assert caught.value.diagnostics[0].code in ("E0302", "E0305")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "value", [0, -1, 1.5, 2**63 - 1, [], [1, 2.5], (3,), np.int8(3), np.float32(2), np.arange(5)]
)
def test_values_that_are_numbers(value: Any) -> None:
    circuit = sfc.compile_text("sfc 1; param n = 2; param sizes = [1, 2];", sizes=value)
    expected = tuple(value) if isinstance(value, list | np.ndarray) else value
    assert circuit.parameters["sizes"] == expected


def test_names_of_parameters_are_not_trusted() -> None:
    with pytest.raises(sfc.SfcError, match="E0208") as caught:
        sfc.compile_text("sfc 1;", **{"a b": 1, "\x1b[31m": 2})
    assert "\x1b" not in str(caught.value)
