#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Draws the README's picture from a study: picture.py STUDY.h5 > digits.svg

Each finished trial is a dot, the best so far a line; the vertical axis is logarithmic. The colour tells who
proposed it: the initial design, or the model.
"""
import math
import sys

import h5py

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 330, 70, 150, 40, 50


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def read(path):
    with h5py.File(path, "r") as f:
        t = f["trials"]
        origin = dict(zip(f["proposals/trial"][:], map(text, f["proposals/origin"][:])))
        rows = [(i, v, text(s), origin.get(i, "")) for i, v, s in zip(t["id"][:], t["objective"][:], t["state"][:])]
        return text(f.attrs["name"]), text(f.attrs["metric"]), [r for r in rows if r[2] == "complete"]


def main():
    name, metric, rows = read(sys.argv[1])
    last = max(r[0] for r in rows)
    low = math.log10(min(r[1] for r in rows) * 0.85)
    high = math.log10(max(r[1] for r in rows) * 1.1)
    x = lambda i: LEFT + (WIDTH - LEFT - RIGHT) * i / max(last, 1)
    y = lambda v: TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(v)) / (high - low)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           f'font-size="13" fill="#333">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    ticks = [m * 10.0 ** e for e in range(-6, 3) for m in (1, 2, 5)]
    for v in ticks:
        if low <= math.log10(v) <= high:
            out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(v):.1f}" y2="{y(v):.1f}" stroke="#e4e4e4"/>'
                       f'<text x="{LEFT - 8}" y="{y(v) + 4:.1f}" text-anchor="end">{100 * v:g} %</text>')
    step = next(s for e in range(9) for s in (10 ** e, 2 * 10 ** e, 5 * 10 ** e) if last / s <= 8)
    for i in range(0, last + 1, step):
        out.append(f'<text x="{x(i):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{i}</text>')
    best, path = math.inf, []
    for i, value, _, _ in rows:
        if value < best:
            path.append(f'{"L" if path else "M"}{x(i):.1f} {y(best if path else value):.1f}L{x(i):.1f} {y(value):.1f}')
            best = value
    path.append(f'L{x(last):.1f} {y(best):.1f}')
    out.append(f'<path d="{"".join(path)}" fill="none" stroke="#c0392b" stroke-width="2"/>')
    for i, value, _, origin in rows:
        colour = "#1f6fb2" if origin == "model" else "#a9a9a9"
        out.append(f'<circle cx="{x(i):.1f}" cy="{y(value):.1f}" r="4" fill="{colour}" fill-opacity="0.75"/>')
    legend = WIDTH - RIGHT + 16
    for n, (colour, label) in enumerate((("#a9a9a9", "initial, random"), ("#1f6fb2", "by the model"))):
        out.append(f'<circle cx="{legend}" cy="{TOP + 20 + 22 * n}" r="4" fill="{colour}"/>'
                   f'<text x="{legend + 10}" y="{TOP + 24 + 22 * n}">{label}</text>')
    out.append(f'<line x1="{legend - 5}" x2="{legend + 6}" y1="{TOP + 64}" y2="{TOP + 64}" stroke="#c0392b" '
               f'stroke-width="2"/><text x="{legend + 10}" y="{TOP + 68}">best: {100 * best:.3g} %</text>')
    out.append(f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{name}: {metric.replace("_", " ")} of '
               f'{len(rows)} trials</text><text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" '
               f'text-anchor="middle">trial</text></svg>')
    print("\n".join(out))


if __name__ == "__main__":
    main()
