"""Makes a shipped dataset from the four IDX files in which MNIST and its kin are published.

Usage: python tools/pack_datasets.py SOURCE_FOLDER OUTPUT.npz [--crop 4] [--threshold 129]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from sfc.diagnostics import SfcError
from sfc.sim.arrays import write_npz
from sfc.sim.datasets import load_data, pack_dataset


def main() -> int:
    """Reads, binarises, packs and writes; returns the exit status."""
    parser = argparse.ArgumentParser(description="Binarise and bit-pack a dataset of grey images.")
    parser.add_argument("source", type=Path, help="folder with the IDX files, gzip or plain")
    parser.add_argument("output", type=Path, help="npz file to write")
    parser.add_argument("--crop", type=int, default=0, help="pixels to cut from each side")
    parser.add_argument("--threshold", type=int, default=129, help="grey value that counts as on")
    arguments = parser.parse_args()
    source = arguments.source.absolute()
    try:
        dataset = load_data(source, levels=(arguments.threshold,), crop=arguments.crop)
        write_npz(arguments.output, pack_dataset(dataset))
    except SfcError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{arguments.output}: {len(dataset.train_images)} training and "
        f"{len(dataset.test_images)} test images of {dataset.n_inputs} pixels, "
        f"{np.sum(dataset.train_images) / len(dataset.train_images):.1f} on, "
        f"{arguments.output.stat().st_size} bytes"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
