"""The wheel, the source distribution and the editable installation are all complete."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

SHIPPED = (
    ("grammars", "sfc.lark"),
    ("circuits", "examples/backprop.sfc"),
    ("circuits", "lib/backpropagation.sfc"),
    ("circuits", "data/mnist20/mnist20.npz"),
    ("targets", "chips/loihi1.toml"),
    ("errors", "E0201.md"),
)


@dataclass(frozen=True)
class Installation:
    """A Python that has sfc installed, and the folder that sfc must be imported from."""

    python: Path
    package: Path


def run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(output: Path, *options: str) -> Path:
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output))
    run(*command, *options, CHECKOUT, folder=output)
    return output


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the checkout."""
    (path,) = build(tmp_path_factory.mktemp("wheel"), "--wheel").glob("*.whl")
    return path


@pytest.fixture(scope="session")
def sdist_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel built from it."""
    return build(tmp_path_factory.mktemp("sdist"))


def install(wheel: Path, folder: Path) -> Installation:
    """Installs the wheel into a new environment that borrows only our dependencies.

    A path in a .pth file comes after the environment's own packages, and the .pth files in that
    path are not read, so the editable installation of sfc does not come along.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, folder=folder)
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(python, "-c", program, folder=folder).strip())
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(paths)), encoding="utf-8")
    return Installation(python, packages / "sfc")


@pytest.fixture(scope="session", params=["wheel", "wheel from sdist", "editable"])
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    if request.param == "editable":
        return Installation(Path(sys.executable), CHECKOUT / "sfc")
    if request.param == "wheel":
        path = request.getfixturevalue("wheel")
    else:
        (path,) = request.getfixturevalue("sdist_folder").glob("*.whl")
    return install(path, tmp_path_factory.mktemp("environment"))


def test_installed_package_finds_its_files(installation: Installation, tmp_path: Path) -> None:
    program = "import sfc; print(sfc.__file__)"
    assert run(installation.python, "-I", "-c", program, folder=tmp_path).strip() == str(
        installation.package / "__init__.py"
    )
    home = installation.package / "_data"
    if not home.exists():
        home = CHECKOUT
    for kind, name in SHIPPED:
        program = f"from sfc.resources import resource; print(resource({kind!r}))"
        found = Path(run(installation.python, "-I", "-c", program, folder=tmp_path).strip())
        place = "docs/errors" if kind == "errors" and home == CHECKOUT else kind
        assert found == home / place
        assert (found / name).exists()
        assert any(found.iterdir())


def test_installed_package_checks_the_example(installation: Installation, tmp_path: Path) -> None:
    program = "from sfc.resources import circuit_path; print(circuit_path('backprop'))"
    circuit = run(installation.python, "-I", "-c", program, folder=tmp_path).strip()
    run(installation.python, "-I", "-m", "sfc", "check", circuit, folder=tmp_path)


def test_every_data_set_brings_its_licence(wheel: Path, sdist_folder: Path) -> None:
    licences = {path.relative_to(CHECKOUT) for path in CHECKOUT.glob("circuits/data/*/LICENSE.txt")}
    data_sets = {path.parent.relative_to(CHECKOUT) for path in CHECKOUT.glob("circuits/data/*/*")}
    assert data_sets == {path.parent for path in licences}
    (rebuilt,) = sdist_folder.glob("*.whl")
    for built in (wheel, rebuilt):
        with zipfile.ZipFile(built) as archive:
            names = set(archive.namelist())
        for licence in licences:
            assert f"sfc/_data/{licence.as_posix()}" in names
            assert any(name.endswith(f".dist-info/licenses/{licence.as_posix()}") for name in names)
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_source_distribution_can_be_developed_from(sdist_folder: Path) -> None:
    (sdist,) = sdist_folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {"Makefile", "LICENSE", "README.md", "pyproject.toml", "tools/find_python.sh"}
    assert expected | {"tests/integration/test_packaging.py"} <= names
