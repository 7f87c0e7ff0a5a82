#!/bin/sh
# SPDX-License-Identifier: MIT
# A shell script as an objective: parameters are variables, the last line that it prints is the result.
# Without ambs: AMBS_PARAM_x=0.5 AMBS_PARAM_steps=5 ./train.sh
set -eu
loss=1
for step in $(seq "$AMBS_PARAM_steps"); do
    loss=$(awk -v l="$loss" -v x="$AMBS_PARAM_x" 'BEGIN {print l * (0.5 + (x - 0.3) ^ 2)}')
    if [ -n "${AMBS_REPORT_FD:-}" ]; then # descriptor 3, always: a report, then its answer
        echo "{\"step\": $step, \"value\": $loss}" >&3
        read -r answer <&3
        [ "$answer" = continue ] || break
    fi
done
echo "$loss"
