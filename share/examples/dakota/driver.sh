#!/bin/sh
# SPDX-License-Identifier: MIT
# A driver as Dakota starts it: driver.sh params.in results.out. Here awk stands for the simulation: a cantilever beam
# of width w and thickness t under two loads, as in Dakota's user's manual.
params=$1
results=$2

# Before: the input file was made from beam.template. Dakota's drivers call dprepro for that.
cp beam.in beam.used

# The simulation.
awk '/width/ {w = $2} /thickness/ {t = $2}
     END {X = 500; Y = 1000; E = 2.9e7; L = 100
          area = w * t
          stress = 600 * Y / (w * t ^ 2) + 600 * X / (w ^ 2 * t)
          shift = 4 * L ^ 3 / (E * area) * sqrt((Y / t ^ 2) ^ 2 + (X / w ^ 2) ^ 2)
          print area, stress, shift}' beam.used > beam.log

# After: the results file. A beam that breaks is told as a failure.
read -r area stress shift < beam.log
if awk -v s="$stress" -v d="$shift" 'BEGIN {exit !(s > 40000 || d > 2.2535)}'; then
    echo FAIL > "$results"
    exit 0
fi
echo "$area area" > "$results"
echo "$stress stress" >> "$results"
echo "$shift displacement" >> "$results"
