"""Plans, rows and files of sweeps, without workers."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
import typer

import sfc
from sfc.cli_common import alternatives
from sfc.cli_sweep import _seeds
from sfc.report.sweep import Panel, Point, sweep_pictures
from sfc.sweeps.pictures import pictures
from sfc.sweeps.plan import Options, Plan, make_plan
from sfc.sweeps.pools import _check_versions
from sfc.sweeps.rows import Row, Table, row_of
from sfc.sweeps.summary import groups
from sfc.sweeps.sweep import finished
from sfc.sweeps.work import data_digest, execute

OPTIONS = Options("mnist20", limit=50, test_limit=50)
OUTCOME = {"samples": 50, "training": [(0.5, 0.6)], "tests": [(0.25, 0.75)], "seconds": 1.5}


def plan_of(n_hid: list[int] | None = None, seeds: int = 2, **options: object) -> Plan:
    values = {"n_hid": [8, 16] if n_hid is None else n_hid}
    return make_plan("backprop", values, range(seeds), replace(OPTIONS, **options))


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of()


def filled(plan: Plan, path: Path | None, indices: list[int]) -> Table:
    table = Table(plan, path)
    for index in indices:
        table.put({index: row_of(plan.runs[index], "reference", OUTCOME)})
    return table


@pytest.mark.parametrize(
    ("define", "values"),
    [
        ("n=3", [3]),
        ("n=3,4, 5", [3, 4, 5]),
        ("n=0.5,1e3", [0.5, 1000.0]),
        ("n=[3]", [(3,)]),
        ("n=[400,100,10],[400,200,10]", [(400, 100, 10), (400, 200, 10)]),
        ("n=[1, 2] , [3]", [(1, 2), (3,)]),
    ],
)
def test_values_of_a_parameter(define: str, values: list[object]) -> None:
    assert alternatives([define]) == {"n": values}


@pytest.mark.parametrize("define", ["n=", "n=1,", "n=[1,2", "n=[1],2]", "n=[[1],[2]]", "n=[]"])
def test_values_that_are_none(define: str) -> None:
    with pytest.raises(sfc.SfcError, match="takes a number or an array"):
        alternatives([define])


def test_several_parameters_keep_their_order() -> None:
    assert list(alternatives(["b=1,2", "a=3"]).items()) == [("b", [1, 2]), ("a", [3])]
    with pytest.raises(typer.BadParameter, match="given twice"):
        alternatives(["a=1", "a=2"])


@pytest.mark.parametrize(("text", "seeds"), [("3", [0, 1, 2]), ("3,5,9", [3, 5, 9]), ("5,", [5])])
def test_seeds(text: str, seeds: list[int]) -> None:
    assert list(_seeds(text)) == seeds


def test_every_combination_with_every_seed() -> None:
    values = {"n_hid": [8, 16], "n_out": [10, 12]}
    plan = make_plan("backprop", values, [3, 1], OPTIONS)
    found = [(*run.combination.parameters.values(), run.seed) for run in plan.runs]
    assert found == [(h, o, s) for h in (8, 16) for o in (10, 12) for s in (3, 1)]
    assert len({run.key for run in plan.runs}) == 8


def test_arrays_are_one_value_each() -> None:
    sizes = [(400, 20, 10), (400, 10, 10)]
    plan = make_plan("deep_backprop", {"sizes": sizes}, [0], OPTIONS)
    assert plan.values == {"sizes": tuple(sizes)}
    assert len({run.combination.digest for run in plan.runs}) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 2},
        {"limit": 60},
        {"test_limit": 60},
        {"shuffle": False},
        {"data": "fashion28"},
    ],
)
def test_a_key_tells_what_is_run(change: dict[str, object]) -> None:
    more = {"n_in": [784]} if "data" in change else {"n_in": [400]}
    keys = [
        make_plan("backprop", {"n_hid": [8]} | given, [0], options).runs[0].key
        for given, options in (
            ({"n_in": [400]}, OPTIONS),
            ({"n_in": [400]}, OPTIONS),
            (more, replace(OPTIONS, **change)),
        )
    ]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_a_key_tells_what_becomes_of_grey_images(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (8, 20, 20), np.uint8)
    arrays = {f"{part}_images": grey for part in ("train", "test")}
    arrays |= {f"{part}_labels": np.arange(8) for part in ("train", "test")}
    np.savez(tmp_path / "grey.npz", **arrays)
    data = str(tmp_path / "grey.npz")
    usual, same, other = (
        plan_of([8], 1, data=data, threshold=threshold).runs[0].key for threshold in (None, 129, 9)
    )
    assert usual == same != other
    cropped = {"n_hid": [8], "n_in": [256]}
    smaller = make_plan("backprop", cropped, [0], replace(OPTIONS, data=data, crop=2))
    assert smaller.runs[0].combination.errors == ()


def test_a_key_tells_circuits_and_values_apart() -> None:
    one, other = plan_of([8], 1), plan_of([9], 1)
    assert one.runs[0].key != other.runs[0].key
    bounds = make_plan("backprop", {"most_on": [310, 320]}, [0], OPTIONS)
    assert bounds.runs[0].combination.digest == bounds.runs[1].combination.digest
    assert bounds.runs[0].key != bounds.runs[1].key


def test_the_digest_of_data_is_that_of_its_contents() -> None:
    data = sfc.load_data("mnist20")
    assert data_digest(data) == data_digest(replace(data, name="other"))
    changed = data.test_labels.copy()
    changed[7] ^= 1
    assert data_digest(data) != data_digest(replace(data, test_labels=changed))


def test_one_value_that_cannot_be_compiled(plan: Plan) -> None:
    mixed = plan_of([8, -1], 1)
    assert not mixed.runs[0].combination.errors
    assert mixed.runs[1].combination.errors[0].code == "E0302"
    with pytest.raises(sfc.SfcError, match="E0302"):
        plan_of([-1], 1)


def test_data_without_tests(tmp_path: Path) -> None:
    images, labels = np.zeros((4, 400), bool), np.arange(4)
    np.savez(tmp_path / "d.npz", train_images=images, train_labels=labels)
    with pytest.raises(sfc.SfcError, match=r"E0711.*d has no test samples"):
        plan_of([8], 1, data=str(tmp_path / "d.npz"))


def test_paths_of_data_travel_as_absolute_ones(tmp_path: Path, monkeypatch) -> None:
    images, labels = np.zeros((4, 400), bool), np.arange(4)
    arrays = {f"{part}_{kind}": a for part in ("train", "test")
              for kind, a in (("images", images), ("labels", labels))}  # fmt: skip
    np.savez(tmp_path / "d.npz", **arrays)
    (tmp_path / "mnist20").mkdir()
    monkeypatch.chdir(tmp_path)
    assert plan_of([8], 1, data="d.npz").options.data == str(tmp_path / "d.npz")
    assert plan_of([8], 1).options.data == "mnist20"


def test_a_compiled_circuit(plan: Plan) -> None:
    circuit = sfc.compile("backprop", n_hid=8)
    run = make_plan(circuit, {}, [0], OPTIONS).runs[0]
    assert run.combination.digest == plan.runs[0].combination.digest
    with pytest.raises(sfc.SfcError, match=r"E0208.*its parameters are fixed"):
        make_plan(circuit, {"n_hid": [8]}, [0], OPTIONS)


def test_what_python_gives(plan: Plan) -> None:
    for wrong, code in (
        ({"data": 3}, "E0305"),
        ({"epochs": -1}, "E0302"),
        ({"seeds": [1.5]}, "E0302"),
        ({"seeds": 1.5}, "E0305"),
        ({"seeds": -1}, "E0711"),
    ):
        with pytest.raises(sfc.SfcError, match=code):
            sfc.sweep("backprop", {"n_hid": 8}, **{"data": "mnist20"} | wrong)
    with pytest.raises(sfc.SfcError, match="E0305"):
        sfc.sweep("backprop", {"n_hid": "8"}, data="mnist20")
    with pytest.raises(sfc.SfcError, match=r"E0302.*1 job or more"):
        sfc.sweep("backprop", {"n_hid": 8}, data="mnist20", jobs=0)


def test_best_and_last_ten(plan: Plan) -> None:
    tests = [(0.0, 1.0)] * 2 + [(n / 20, 1 - n / 20) for n in range(10)]
    outcome = OUTCOME | {"tests": tests, "training": [(0.1, 0.2), (0.3, 0.4)]}
    row = row_of(plan.runs[0], "reference", outcome)
    assert (row.test_by_spikes, row.test_by_membrane) == (0.45, 0.55)
    assert (row.best_by_spikes, row.best_by_membrane) == (0.45, 1.0)
    assert (row.last_ten_by_spikes, row.last_ten_by_membrane) == (0.225, 0.775)
    assert (row.training_by_spikes, row.training_by_membrane) == (0.3, 0.4)
    assert row.epochs == 2


def test_without_an_epoch_there_is_one_test() -> None:
    plan = plan_of([8], 1, epochs=0)
    row = row_of(plan.runs[0], "reference", execute(plan.task(plan.runs[0])))
    assert (row.epochs, row.training_by_spikes, row.error) == (0, None, "")
    assert row.test_by_spikes is not None


def test_rows_are_read_back(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    written = filled(plan, path, [2, 0])
    assert [line.split(",")[:2] for line in path.read_text().splitlines()[1:]] == [
        ["8", "0"],
        ["16", "0"],
    ]
    read = Table(plan, path)
    assert read.rows == written.rows
    assert read.waiting == [1, 3]
    wider = Table(plan_of([4, 8, 16], 3), path)
    assert len(wider.rows) == 2
    assert len(wider.waiting) == 7


def test_failed_rows_wait_again(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    table = filled(plan, path, [0])
    errors = {"errors": [("E0706", "it\nstopped, \x1b[31mred", ""), ("E0706", "again", "")]}
    table.put({1: row_of(plan.runs[1], "reference", errors)})
    read = Table(plan, path)
    assert read.rows[1].error == "E0706: it stopped, red (and 1 more)"
    assert read.waiting == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("n_hid,", "n_hide,"), "did you mean `n_hid`?"),
        (lambda text: "a,b\n1,2\n", "other columns than this sweep"),
        (lambda text: text.replace("\n8,0", "\n7,0"), "line 2 .* is no row of this sweep: n_hid 7"),
        (lambda text: text + text.splitlines()[1] + "\n", "line 4 .* repeats a row"),
        (lambda text: text.replace("0.25", "many"), "holds what is no number"),
        (lambda text: text.replace("0.25", ""), "holds what is no number"),
        (lambda text: text.replace("1.5,", "1.5,0"), "another circuit, other data or other"),
        (lambda text: text + "8,1\n", "line 4 .* is no row of this sweep"),
        (lambda text: text + '"8', "cannot be read as the CSV"),
        (lambda text: text + "\0", "cannot be read as the CSV|is no row"),
    ],
)
def test_a_file_of_another_sweep_is_left_alone(
    change, message: str, plan: Plan, tmp_path: Path
) -> None:
    path = tmp_path / "r.csv"
    filled(plan, path, [0, 2])
    text = change(path.read_text())
    path.write_text(text)
    with pytest.raises(sfc.SfcError, match=f"E0803(.|\n)*(?:{message})"):
        Table(plan, path)
    assert path.read_text() == text


def test_a_file_that_is_no_text(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(sfc.SfcError, match="E0803"):
        Table(plan, tmp_path / "r.csv")


def test_an_empty_file_holds_nothing_to_lose(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "r.csv").touch()
    filled(plan, tmp_path / "r.csv", [0])
    assert len(Table(plan, tmp_path / "r.csv").rows) == 1


def test_a_file_that_changes_under_a_sweep_is_left_alone(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    table = filled(plan, path, [0])
    filled(plan, path, [1])
    with pytest.raises(sfc.SfcError, match=r"E0803.*was changed while the sweep ran"):
        table.put({2: row_of(plan.runs[2], "reference", OUTCOME)})
    assert sorted(Table(plan, path).rows) == [0, 1]


def test_options_that_changed_are_no_row_to_keep(plan: Plan, tmp_path: Path) -> None:
    filled(plan, tmp_path / "r.csv", [0])
    with pytest.raises(sfc.SfcError, match="other options"):
        Table(plan_of(epochs=3), tmp_path / "r.csv")


SEEDED = """sfc 1;
import "backpropagation.sfc";
param seed = 3;
param key = 4;
instance net : Backprop([400, seed + key, 10], margin = 512);
"""


def test_parameters_that_are_called_as_columns_are(tmp_path: Path) -> None:
    (tmp_path / "c.sfc").write_text(SEEDED)
    plan = make_plan(tmp_path / "c.sfc", {"seed": [3], "key": [4, 5]}, [0], OPTIONS)
    filled(plan, tmp_path / "r.csv", [1])
    header = (tmp_path / "r.csv").read_text().splitlines()[0].split(",")
    assert header[:3] == ["seed_", "key_", "seed"]
    assert len(set(header)) == len(header)
    assert sorted(Table(plan, tmp_path / "r.csv").rows) == [1]


def test_groups_leave_out_what_failed(plan: Plan) -> None:
    table = filled(plan, None, [0, 1])
    outcome = OUTCOME | {"tests": [(0.75, 0.25)]}
    table.put({1: row_of(plan.runs[1], "reference", outcome)})
    for index in (2, 3):
        table.put({index: row_of(plan.runs[index], "reference", {"errors": [("E0706", "no", "")]})})
    first, second = groups(finished(plan, table, 0.0).rows)
    assert (first.parameters, first.runs, first.failed) == ({"n_hid": 8}, 2, 0)
    assert first.by_spikes is not None
    spread = first.by_spikes
    assert (spread.mean, spread.lowest, spread.highest) == (0.5, 0.25, 0.75)
    assert (second.runs, second.failed, second.by_spikes) == (0, 2, None)


def row(seed: int, **parameters: object) -> Row:
    return Row(parameters, seed, "reference", test_by_spikes=0.5, test_by_membrane=0.6)


def test_pictures_are_the_same_every_time(plan: Plan) -> None:
    rows = [row(seed, n_hid=n_hid) for n_hid in (8, 16) for seed in (0, 1)]
    first, second = pictures(plan, rows), pictures(plan, rows)
    assert first == second
    assert set(first) == {"sweep.png", "sweep.svg"}
    drawn = first["sweep.svg"].decode()
    for text in ("n_hid", "test accuracy (%)", "by spikes", "by membrane", "backprop on mnist20"):
        assert text in drawn


def test_pictures_over_arrays_seeds_and_further_parameters(plan: Plan) -> None:
    arrays = replace(plan, values={"sizes": ((4, 3), (4, 2))})
    drawn = pictures(arrays, [row(0, sizes=(4, 3)), row(0, sizes=(4, 2))])["sweep.svg"].decode()
    assert "[4, 3]" in drawn
    seeds = pictures(replace(plan, values={}), [row(0), row(7)])["sweep.svg"].decode()
    assert ">seed<" in seeds
    two = replace(plan, values={"sizes": ((4, 3), (4, 2)), "n": (1, 2), "m": (5,)})
    rows = [row(0, sizes=sizes, n=n, m=5) for sizes in ((4, 3), (4, 2)) for n in (1, 2)]
    drawn = pictures(two, rows)["sweep.svg"].decode()
    assert "sizes = [4, 3]" in drawn
    assert ">n<" in drawn
    assert pictures(plan, []) == {}


def test_not_too_many_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfc.report.sweep._MOST_PANELS", 2)
    panels = [Panel(f"m = {m}", (Point(1, 0.5, 0.6), Point(100, 0.6, 0.7))) for m in range(3)]
    drawn = sweep_pictures("title", "n", panels)["sweep.svg"].decode()
    assert "the first 2 of 3 panels" in drawn
    assert "m = 1" in drawn
    assert "m = 2" not in drawn


def test_workers_have_the_same_sfc() -> None:
    _check_versions("1.0", {"tcp://a:1": "1.0", "tcp://b:1": "1.0"})
    with pytest.raises(sfc.SfcError, match=r"E0712.*b:1 has sfc-compiler 0.9; here it is 1.0"):
        _check_versions("1.0", {"tcp://a:1": "1.0", "tcp://b:1": "0.9"})
    with pytest.raises(sfc.SfcError, match=r"E0712.*tcp://a:1 has no sfc-compiler"):
        _check_versions("1.0", {"tcp://a:1": PackageNotFoundError("sfc-compiler")})


def test_memory_does_not_grow_from_run_to_run() -> None:
    plan = plan_of([8], 1, limit=10, test_limit=10)
    task = plan.task(plan.runs[0])
    assert "errors" not in execute(task)  # loads the data
    gc.collect()
    tracemalloc.start()
    try:
        execute(task)
        gc.collect()
        after_one, _ = tracemalloc.get_traced_memory()
        for _ in range(3):
            execute(task)
        gc.collect()
        after_four, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after_four - after_one < 2**16
