"""How the time of `sfc check` grows with the circuit: n populations, 3n projections, made by `for`.

Prints seconds, the ratio to the smallest circuit, and that of their sizes; linear growth makes the
two alike.
"""

from __future__ import annotations

import time

import sfc

SIZES = (1_000, 3_000, 10_000)

TEXT = """
sfc 1;
param n = 10;
neuron Gated {{ threshold = 1024; bias = -8192; drive = 520; close = 8128; ring = 9280; }}
input image[8];
chain g[12] : Gated ring;
{body}
"""

LOOP = """
for k in 0..n - 1 as stage {
  population h[8] : Gated;
  stage[(k + 1) % n].h -> h one_to_one weight spike;
  stage[(k + 2) % n].h -> h all_to_all weight -8 delay 2;
  stage[(k + 3) % n].h[0..3] -> h[4..7] one_to_one weight 64;
}
phase 1 { present image to stage[0].h; }
"""

MODULES = """
module Stage() {
  port population one, two, three;
  population h[8] : Gated;
  one -> h one_to_one weight spike;
  two -> h all_to_all weight -8 delay 2;
  three[0..3] -> h[4..7] one_to_one weight 64;
}
instance stage[k in 0..n - 1] : Stage() {
  one = stage[(k + 1) % n].h;
  two = stage[(k + 2) % n].h;
  three = stage[(k + 3) % n].h;
}
phase 1 { present image to stage[0].h; }
"""


def seconds(body: str, n: int) -> float:
    """The time of one compilation."""
    start = time.perf_counter()
    circuit = sfc.compile_text(TEXT.format(body=body), "many.sfc", n=n)
    taken = time.perf_counter() - start
    assert len(circuit.populations) == n + 12
    assert len(circuit.projections) > 3 * n
    return taken


def main() -> None:
    for name, body in (("loop", LOOP), ("modules", MODULES)):
        first = 0.0
        for n in SIZES:
            taken = min(seconds(body, n) for _ in range(2))
            first = first or taken
            ratios = f"time x{taken / first:5.1f}  size x{n / SIZES[0]:5.1f}"
            print(f"{name:8} {n:7,} populations {taken:7.2f} s  {ratios}")


if __name__ == "__main__":
    main()
