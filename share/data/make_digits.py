#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes digits.h5 from the test part of the UCI optical digits (Debian: python3-sklearn, python3-h5py).

Usage: python3 make_digits.py [digits.csv.gz] [digits.h5]
"""
import sys

import h5py
import numpy

SOURCE = "/usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz"


def main(source=SOURCE, target="digits.h5"):
    table = numpy.loadtxt(source, delimiter=",")
    if table.shape != (1797, 65):
        sys.exit(f"{source}: found {table.shape[0]} x {table.shape[1]}, expected 1797 x 65")
    pixels, digit = table[:, :-1].astype("uint8"), table[:, -1].astype("uint8")
    with h5py.File(target, "w", libver=("earliest", "v108")) as file:
        options = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "track_times": False}
        file.create_dataset("x", data=pixels, chunks=pixels.shape, **options)
        file.create_dataset("y", data=digit, chunks=digit.shape, **options)
        file.attrs["title"] = "Optical Recognition of Handwritten Digits, test part"
        file.attrs["authors"] = "E. Alpaydin, C. Kaynak"
        file.attrs["source"] = "UCI Machine Learning Repository, doi:10.24432/C50P49"
        file.attrs["license"] = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
        file.attrs["changes"] = "unchanged values in another file format"
        file["x"].attrs["description"] = "8 x 8 pixels, row by row; ink counts 0 to 16"
        file["y"].attrs["description"] = "the digit, 0 to 9"


main(*sys.argv[1:])
