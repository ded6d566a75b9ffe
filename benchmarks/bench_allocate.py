"""The allocator: the paper's circuit beside the placement of its authors, and growth with size.

Steps are estimates of one model for both placements. Growth is measured in a process of its own for
each circuit: the time of `sfc.allocate`, without compiling, and the largest memory of the process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from authors import authors_placement
from machine import describe

import sfc
from sfc.place.activity import Activity, of_counts, predicted
from sfc.place.cost import costs
from sfc.place.operations import operations

SAMPLES = 2000

GROWTH = ((10, 1000), (30, 1000), (100, 1000), (1000, 100), (3000, 100), (10_000, 100))
"""Layers, and neurons of each; all are joined with all of the next."""


def measured(circuit: sfc.Circuit) -> Activity:
    """Returns the activity of the circuit while it learns digits, not at the very start."""
    data = sfc.load_data("mnist20")
    simulator = sfc.Simulator(circuit, seed=1)
    inputs = {"image": data.train_images, "label": data.train_labels}
    simulator.run({name: values[:SAMPLES] for name, values in inputs.items()})
    later = {name: values[SAMPLES : 2 * SAMPLES] for name, values in inputs.items()}
    result = simulator.run(later, counts=True)
    return of_counts(circuit, result.spike_counts, SAMPLES, result.presented)


def paper() -> None:
    circuit, chip = sfc.compile("backprop"), sfc.chip("loihi1")
    by_hand = authors_placement(circuit)
    for activity in (predicted(circuit), measured(circuit)):
        print(f"\n400-400-10 on {chip.title}; activity: {activity.basis}")
        print(f"{'placement':38}{'cores':>7}{'step us':>10}{'mean us':>10}{'seconds':>10}")
        cost = costs(chip, operations(circuit, by_hand, activity, chip))["davies"]
        row("the authors', by hand", len(by_hand.cores), cost.longest_step_us, cost.mean_step_us)
        for name, options in (
            ("fewest cores", {}),
            ("least traffic", {"objective": "traffic"}),
            ("shortest step", {"objective": "step"}),
            ("shortest step, the whole chip", {"objective": "step", "cores": 128}),
            ("most plastic synapses a core 8,520", {"max_plastic_per_core": 8520}),
        ):
            start = time.perf_counter()
            found = sfc.allocate(circuit, chip, activity=activity, **options)
            seconds = time.perf_counter() - start
            ours = found.costs["davies"]
            row(name, found.cores_used, ours.longest_step_us, ours.mean_step_us, seconds)
            if not options:
                print(f"{'':38}at least {found.lower_bound} cores")
            if options == {"objective": "step"}:
                ratio = ours.longest_step_us / cost.longest_step_us
                print(f"{'':38}{ratio:.2f} of the authors' step on {found.cores_used}/81 cores")


def row(name: str, cores: int, longest: float, mean: float, seconds: float | None = None) -> None:
    taken = "" if seconds is None else f"{seconds:10.2f}"
    print(f"{name:38}{cores:>7}{longest:>10.1f}{mean:>10.1f}{taken}")


def layers(count: int, size: int) -> sfc.Circuit:
    """Returns layers of a deep network with 8-bit plastic weights, which do not learn here."""
    lines = [
        "sfc 1;",
        "neuron N { threshold = 100; }",
        "rule Fixed { dw = 0; range = -256..254; }",
        f"input i[{size}];",
        *(f"population p{k}[{size}] : N;" for k in range(count)),
        *(f"plastic W{k}[{size}, {size}] by Fixed;" for k in range(count - 1)),
        "i -> p0 one_to_one weight 120;",
        *(f"p{k} -> p{k + 1} via W{k};" for k in range(count - 1)),
    ]
    return sfc.compile_text("\n".join(lines), "layers.sfc")


def grow(count: int, size: int) -> None:
    """Prints a row of the table of growth."""
    circuit = layers(count, size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    found = sfc.allocate(circuit, "loihi1")
    seconds = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    synapses = (count - 1) * size * size
    print(
        f"{count:>8,}{size:>9,}{count * size:>12,}{synapses:>14,}{found.cores_used:>8,}"
        f"{found.lower_bound:>8,}{found.chips:>7}{seconds:>10.2f}{most / 1024:>9.0f}"
        f"{before / 1024:>9.0f}",
        flush=True,
    )


def main() -> None:
    print(describe())
    paper()
    print("\ngrowth: layers, each joined with all of the next")
    heads = ("layers", "neurons", "in all", "synapses", "cores", "least", "chips", "seconds")
    widths = (8, 9, 12, 14, 8, 8, 7, 10)
    line = "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    print(f"{line}{'MB':>9}{'compiled':>9}", flush=True)
    for count, size in GROWTH:
        subprocess.run([sys.executable, __file__, str(count), str(size)], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        grow(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
