#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes sobol_table.h from the direction numbers of Joe and Kuo (2008), doi:10.1137/070709359, as
Debian's python3-scipy carries them. Usage: make_sobol_table.py > sobol_table.h"""
import os
import sys

import numpy
import scipy.stats

DIMENSIONS = 1111
path = os.path.join(os.path.dirname(scipy.stats.__file__), "_sobol_direction_numbers.npz")
with numpy.load(path) as f:
    polynomials, initial = f["poly"], f["vinit"]

words = []
for i in range(1, DIMENSIONS):  # the first dimension is van der Corput's and needs no numbers
    polynomial = int(polynomials[i])
    degree = polynomial.bit_length() - 1
    words += [polynomial] + [int(m) for m in initial[i, :degree]]

out = sys.stdout
out.write("/* SPDX-License-Identifier: MIT */\n")
out.write("/* Written by make_sobol_table.py: the direction numbers of S. Joe and F. Y. Kuo (2008), Constructing\n"
          " * Sobol sequences with better two-dimensional projections, doi:10.1137/070709359.\n"
          " * For each of the dimensions 2 … %d: its primitive polynomial over GF(2), both end bits\n"
          " * included (so that its degree s is the place of its highest bit), then m_1 … m_s. */\n" % DIMENSIONS)
out.write("static const uint16_t sobol_words[%d] = {\n" % len(words))
line = "   "
for w in words:
    piece = " %d," % w
    if len(line) + len(piece) > 100:
        out.write(line + "\n")
        line = "   "
    line += piece
out.write(line + "\n};\n")
