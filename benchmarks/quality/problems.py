# SPDX-License-Identifier: MIT
"""Problems for comparing search methods: tables of real measurements and functions with known optima.

A problem is a space, written as in a study file, and for each seed an instance: the same landscape with its optimum
elsewhere, so that no method gains by a favourite place. An instance says

    space               {"parameters": …, "constraints": […]}
    true(params)        the value without noise, None where the trial fails
    noise               standard deviation of what a trial measures around it
    optimum             the least true value
    duration(params)    seconds that the trial takes, None: drawn by the simulation
"""
import csv
import functools
import gzip
import itertools
import json
import math
import os
import random


class Instance:
    def __init__(self, space, true, optimum, noise=0.0, duration=None):
        self.space, self.true, self.optimum, self.noise = space, true, optimum, noise
        self.duration = duration or (lambda params: None)


def rng_of(name, seed):
    return random.Random(f"{name}/{seed}")


# ---- functions of the plane: f is least at `least`, everywhere defined -----------------------------------------------------

def sphere(z):
    return sum(v * v for v in z)


def ackley(z):
    n = len(z)
    a, b = sum(v * v for v in z) / n, sum(math.cos(2 * math.pi * v) for v in z) / n
    return -20 * math.exp(-0.2 * math.sqrt(a)) - math.exp(b) + 20 + math.e


def rastrigin(z):
    return sum(v * v - 10 * math.cos(2 * math.pi * v) + 10 for v in z)


def griewank(z):
    product = 1
    for i, v in enumerate(z):
        product *= math.cos(v / math.sqrt(i + 1))
    return 1 + sum(v * v for v in z) / 4000 - product


def levy(z):
    w = [1 + (v - 1) / 4 for v in z]
    total = math.sin(math.pi * w[0]) ** 2 + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return total + sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])


def rosenbrock(z):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(z, z[1:]))


def styblinski(z):
    return sum(v ** 4 - 16 * v * v + 5 * v for v in z) / 2 + 39.16616570377142 * len(z)


def branin(z):
    a, b = z
    return (b - 5.1 / (4 * math.pi ** 2) * a * a + 5 / math.pi * a - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10 \
        - 0.39788735772973816


HARTMANN_ALPHA = (1, 1.2, 3, 3.2)
HARTMANN3 = (((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35)),
             ((.3689, .1170, .2673), (.4699, .4387, .7470), (.1091, .8732, .5547), (.0381, .5743, .8828)))
HARTMANN6 = (((10, 3, 17, 3.5, 1.7, 8), (.05, 10, 17, .1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, .05, 10, .1, 14)),
             ((.1312, .1696, .5569, .0124, .8283, .5886), (.2329, .4135, .8307, .3736, .1004, .9991),
              (.2348, .1451, .3522, .2883, .3047, .6650), (.4047, .8828, .8732, .5743, .1091, .0381)))


def hartmann(z, tables, least):
    total = 0
    for alpha, a, p in zip(HARTMANN_ALPHA, *tables):
        total -= alpha * math.exp(-sum(s * (v - c) ** 2 for s, v, c in zip(a, z, p)))
    return total - least


def hartmann3(z):
    return hartmann(z, HARTMANN3, -3.86278214782076)


def hartmann6(z):
    return hartmann(z, HARTMANN6, -3.322368011415515)


# name, function, dimension, range, where it is least
PLANES = {
    "branin2": (branin, 2, (-5, 12), (math.pi, 2.275)),
    "hartmann3": (hartmann3, 3, (0, 1), (0.114614, 0.555649, 0.852547)),
    "hartmann6": (hartmann6, 6, (0, 1), (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)),
    "rastrigin4": (rastrigin, 4, (-5.12, 5.12), (0,) * 4),
    "ackley5": (ackley, 5, (-20, 20), (0,) * 5),
    "rosenbrock5": (rosenbrock, 5, (-3, 5), (1,) * 5),
    "styblinski6": (styblinski, 6, (-5, 5), (-2.903534,) * 6),
    "griewank8": (griewank, 8, (-60, 60), (0,) * 8),
    "levy10": (levy, 10, (-10, 10), (1,) * 10),
    "rosenbrock12": (rosenbrock, 12, (-3, 5), (1,) * 12),
    "ackley20": (ackley, 20, (-10, 10), (0,) * 20),
}


def shift_of(rng, bounds, least):
    """Moves the optimum to a place in the middle 80 % of the range."""
    low, high = bounds
    return [low + (high - low) * (0.1 + 0.8 * rng.random()) - v for v in least]


def plane(name, noise=0.0, fails=None):
    base = name.split("_")[0]
    function, d, bounds, least = PLANES[base]

    def instance(seed):
        shift = shift_of(rng_of(base, seed), bounds, least)
        signs = [rng_of(base + "f", seed).choice((-1, 1)) for _ in range(d)]
        optimum_at = [v + s for v, s in zip(least, shift)]

        def true(params):
            x = [params[f"x{i}"] for i in range(d)]
            if fails and fails(x, optimum_at, signs, bounds):
                return None
            return function([v - s for v, s in zip(x, shift)])
        space = {"parameters": {f"x{i}": {"type": "float", "min": bounds[0], "max": bounds[1]} for i in range(d)}}
        return Instance(space, true, 0.0, noise)
    return instance


def half_space(x, optimum, signs, bounds):
    """Fails beyond a plane that runs close by the optimum: about half of the space."""
    width = bounds[1] - bounds[0]
    return sum(s * (v - o) for v, o, s in zip(x, optimum, signs)) > 0.05 * width * len(x) ** 0.5


def corner_fails(x, optimum, signs, bounds):
    """Fails wherever two coordinates are both on the far side: a region with a corner in it."""
    width = bounds[1] - bounds[0]
    return sum(s * (v - o) > 0.12 * width for v, o, s in zip(x, optimum, signs)) >= 2


# ---- spaces as users have them --------------------------------------------------------------------------------------------

def mixed8(seed):
    """Floats, whole numbers and categories; a category shifts the valley of its neighbour."""
    rng = rng_of("mixed8", seed)
    at = [rng.uniform(0.15, 0.85) for _ in range(3)]
    whole = [rng.randint(4, 28) for _ in range(3)]
    good, tilt = [rng.sample(range(5), 5) for _ in range(2)], [rng.uniform(-0.25, 0.25) for _ in range(5)]
    space = {"parameters": {
        **{f"f{i}": {"type": "float", "min": 0.0, "max": 1.0} for i in range(3)},
        **{f"i{i}": {"type": "int", "min": 0, "max": 32} for i in range(3)},
        **{f"c{i}": {"type": "categorical", "values": list("abcde")} for i in range(2)}}}

    def true(p):
        a, b = good[0].index("abcde".index(p["c0"])), good[1].index("abcde".index(p["c1"]))
        total = 0.3 * a * (1 + 0.2 * b) + 0.2 * b
        for i in range(3):
            z = p[f"f{i}"] - at[i] - (tilt[a] * a / 4 if i == 0 else 0)
            total += 4 * z * z + 0.1 * (1 - math.cos(18 * z))
            w = (p[f"i{i}"] - whole[i]) / 32
            total += 3 * w * w
        return total + 2 * abs((p["f1"] - at[1]) * (p["i1"] - whole[1]) / 32)
    return Instance(space, true, 0.0)


def network10(seed, noise=0.0):
    """The loss of a network: chance level almost everywhere, a valley in four of ten parameters."""
    rng = rng_of("network10", seed)
    lr, decay, width = rng.uniform(-3.7, -1.5), rng.uniform(-5.5, -2.5), rng.randint(5, 9)
    best = rng.choice(("sgd", "adam", "rmsprop"))
    cost = {o: 0.0 if o == best else rng.uniform(0.03, 0.1) for o in ("sgd", "adam", "rmsprop")}
    offset = {o: 0.0 if o == best else rng.uniform(-0.8, 0.8) for o in cost}
    space = {"parameters": {
        "learning_rate": {"min": 1e-6, "max": 1.0, "scale": "log", "type": "float"},
        "weight_decay": {"min": 1e-7, "max": 0.1, "scale": "log", "type": "float"},
        "width": {"type": "ordinal", "values": [2 ** k for k in range(3, 12)]},
        "layers": {"type": "int", "min": 1, "max": 8},
        "optimizer": {"type": "categorical", "values": ["sgd", "adam", "rmsprop"]},
        "dropout": {"type": "float", "min": 0.0, "max": 0.8},
        "batch": {"type": "ordinal", "values": [16, 32, 64, 128, 256]},
        "activation": {"type": "categorical", "values": ["relu", "tanh", "gelu"]},
        "warmup": {"type": "float", "min": 0.0, "max": 0.3},
        "clip": {"min": 0.1, "max": 10.0, "scale": "log", "type": "float"}}}

    def true(p):
        a = math.log10(p["learning_rate"]) - lr - offset[p["optimizer"]] - 0.15 * (math.log2(p["batch"]) - 6)
        b = math.log10(p["weight_decay"]) - decay
        c = math.log2(p["width"]) - width
        d = (p["layers"] - 3) / 3
        if a > 1.2:
            return 0.9 + 0.002 * p["layers"]
        quality = math.exp(-(a / 0.8) ** 2 - (b / 2.5) ** 2 - (c / 4) ** 2 - 0.3 * d * d)
        return 0.9 - 0.85 * quality + cost[p["optimizer"]] * quality + 0.02 * p["dropout"] * p["dropout"]
    return Instance(space, true, 0.05, noise)


def categories8(seed):
    """Eight categories of six levels; each and each pair of neighbours has a random worth. The optimum by dynamic programming."""
    rng = rng_of("categories8", seed)
    n, m = 8, 6
    own = [[rng.gauss(0, 1) for _ in range(m)] for _ in range(n)]
    pair = [[[rng.gauss(0, 0.7) for _ in range(m)] for _ in range(m)] for _ in range(n - 1)]
    least = own[0]
    for i in range(1, n):
        least = [own[i][b] + min(least[a] + pair[i - 1][a][b] for a in range(m)) for b in range(m)]
    space = {"parameters": {f"c{i}": {"type": "categorical", "values": [f"v{k}" for k in range(m)]} for i in range(n)}}

    def true(p):
        k = [int(p[f"c{i}"][1:]) for i in range(n)]
        return sum(own[i][k[i]] for i in range(n)) + sum(pair[i][k[i]][k[i + 1]] for i in range(n - 1))
    return Instance(space, true, min(least))


def tiles9(seed):
    """A kernel's run time by its tiling, with a limit on the threads: the optimum by enumeration, part by part."""
    rng = rng_of("tiles9", seed)
    cache, lanes, vector = rng.choice((2048, 4096, 8192)), rng.choice((64, 128, 256)), rng.choice((2, 4))
    bend, jitter = [rng.uniform(0.5, 1.5) for _ in range(3)], rng.randrange(10 ** 9)
    values = {"block_x": [8, 16, 32, 64, 128, 256], "block_y": [1, 2, 4, 8, 16, 32], "tile_x": [1, 2, 4, 8], "tile_y": [1, 2, 4, 8],
              "unroll": [1, 2, 4, 8], "layout": ["row", "column", "blocked"],
              "stages": [1, 2, 3, 4, 5], "order": ["xy", "yx"], "prefetch": [0, 1, 2, 4, 8]}
    best_stages, best_prefetch = rng.choice(values["stages"]), rng.choice(values["prefetch"])

    def shape(p):
        """What the first six decide, with the roughness that real kernels have."""
        threads, work = p["block_x"] * p["block_y"], p["tile_x"] * p["tile_y"]
        t = 1 + bend[0] * abs(math.log2(threads / lanes)) ** 1.3 * 0.15 + bend[1] * abs(math.log2(threads * work / cache)) * 0.12
        t += 0.08 * abs(math.log2(p["unroll"] / vector)) + (0.25 if work * p["unroll"] > 64 else 0)
        t += {"row": 0.1 * (p["tile_x"] < 4), "column": 0.1 * (p["tile_y"] < 4) + 0.05, "blocked": 0.12 * bend[2] * (work < 8)}[p["layout"]]
        return t * (1.3 if p["block_x"] < 32 else 1) + 0.15 * random.Random(f"{jitter}/{threads}/{work}/{p['unroll']}").random()

    def pipeline(p):
        return 1 + 0.06 * abs(p["stages"] - best_stages) + 0.02 * abs(math.log2((p["prefetch"] + 1) / (best_prefetch + 1))) \
            + (0.04 if p["order"] == "yx" else 0)

    def least(names, cost, allowed):
        return min(cost(p) for row in itertools.product(*(values[n] for n in names)) for p in [dict(zip(names, row))] if allowed(p))
    names = list(values)
    optimum = least(names[:6], shape, lambda p: p["block_x"] * p["block_y"] <= 1024) * least(names[6:], pipeline, lambda p: True)
    space = {"parameters": {n: {"type": "categorical" if isinstance(v[0], str) else "ordinal", "values": v} for n, v in values.items()},
             "constraints": ["block_x * block_y <= 1024"]}
    return Instance(space, lambda p: shape(p) * pipeline(p), optimum)


def conditional8(seed):
    """An optimizer with settings of its own, and layers with a width each."""
    rng = rng_of("conditional8", seed)
    lr = {o: rng.uniform(-3.5, -1.0) for o in ("sgd", "adam", "rmsprop")}
    cost = dict(zip(rng.sample(list(lr), 3), (0.0, 0.15, 0.3)))
    momentum, beta, layers = rng.uniform(0.5, 0.95), rng.uniform(0.8, 0.99), rng.randint(1, 3)
    widths = [2 ** rng.randint(4, 8) for _ in range(3)]
    space = {"parameters": {
        "lr": {"type": "float", "min": 1e-5, "max": 1.0, "scale": "log"},
        "optimizer": {"type": "categorical", "values": ["sgd", "adam", "rmsprop"]},
        "momentum": {"type": "float", "min": 0.0, "max": 0.99, "when": {"optimizer": ["sgd", "rmsprop"]}},
        "beta": {"type": "float", "min": 0.5, "max": 0.999, "when": {"optimizer": ["adam"]}},
        "layers": {"type": "int", "min": 1, "max": 3},
        "width1": {"type": "int", "min": 8, "max": 512, "scale": "log"},
        "width2": {"type": "int", "min": 8, "max": 512, "scale": "log", "when": {"layers": [2, 3]}},
        "width3": {"type": "int", "min": 8, "max": 512, "scale": "log", "when": {"layers": [3]}}}}

    def true(p):
        o = p["optimizer"]
        total = cost[o] + 0.25 * (math.log10(p["lr"]) - lr[o]) ** 2 + 0.12 * abs(p["layers"] - layers)
        total += 2 * (p["momentum"] - momentum) ** 2 if "momentum" in p else 6 * (p["beta"] - beta) ** 2
        return total + sum(0.03 * (math.log2(p[f"width{i + 1}"]) - math.log2(widths[i])) ** 2
                           for i in range(3) if f"width{i + 1}" in p)
    return Instance(space, true, 0.0)


def conditional12(seed):
    """Which model, its kernel or its boosting, their settings: three levels of conditions."""
    rng = rng_of("conditional12", seed)
    models = dict(zip(rng.sample(["svm", "forest", "net"], 3), (0.0, 0.05, 0.15)))
    kernels = dict(zip(rng.sample(["rbf", "poly", "linear"], 3), (0.0, 0.05, 0.1)))
    u = [rng.uniform(0.15, 0.85) for _ in range(10)]
    degree, depth = rng.randint(2, 5), rng.randint(4, 16)
    is_svm, is_forest, is_net = ({"model": [m]} for m in ("svm", "forest", "net"))
    space = {"parameters": {
        "model": {"type": "categorical", "values": ["svm", "forest", "net"]},
        "scaling": {"type": "categorical", "values": ["none", "standard", "rank"]},
        "c": {"type": "float", "min": 1e-3, "max": 1e3, "scale": "log", "when": is_svm},
        "kernel": {"type": "categorical", "values": ["rbf", "poly", "linear"], "when": is_svm},
        "gamma": {"type": "float", "min": 1e-4, "max": 10.0, "scale": "log", "when": {"kernel": ["rbf", "poly"]}},
        "degree": {"type": "int", "min": 2, "max": 5, "when": {"kernel": ["poly"]}},
        "coef": {"type": "float", "min": 0.0, "max": 1.0, "when": {"kernel": ["poly"]}},
        "depth": {"type": "int", "min": 2, "max": 20, "when": is_forest},
        "features": {"type": "float", "min": 0.1, "max": 1.0, "when": is_forest},
        "rate": {"type": "float", "min": 1e-5, "max": 1e-1, "scale": "log", "when": is_net},
        "decay": {"type": "float", "min": 1e-7, "max": 1e-2, "scale": "log", "when": is_net},
        "dropout": {"type": "float", "min": 0.0, "max": 0.7, "when": is_net}}}

    def unit(v, low, high, log=False):
        return math.log(v / low) / math.log(high / low) if log else (v - low) / (high - low)

    def true(p):
        total = models[p["model"]] + 0.04 * (("none", "standard", "rank").index(p["scaling"]) != int(u[9] * 3))
        if p["model"] == "svm":
            total += kernels[p["kernel"]] + 2 * (unit(p["c"], 1e-3, 1e3, True) - u[0]) ** 2
            if p["kernel"] != "linear":
                total += 3 * (unit(p["gamma"], 1e-4, 10, True) - u[1] + 0.3 * (unit(p["c"], 1e-3, 1e3, True) - u[0])) ** 2
            if p["kernel"] == "poly":
                total += 0.05 * abs(p["degree"] - degree) + 0.3 * (p["coef"] - u[2]) ** 2
        elif p["model"] == "forest":
            total += ((p["depth"] - depth) / 9) ** 2 + (p["features"] - 0.1 - 0.9 * u[4]) ** 2
        else:
            total += 3 * (unit(p["rate"], 1e-5, 1e-1, True) - u[5]) ** 2 + (unit(p["decay"], 1e-7, 1e-2, True) - u[6]) ** 2
            total += (p["dropout"] - 0.7 * u[7]) ** 2
        return total
    svm = models["svm"] + min(kernels.values())
    optimum = min(svm, models["forest"], models["net"])
    return Instance(space, true, optimum)


# ---- tables ---------------------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def read_table(folder):
    with open(os.path.join(folder, "space.json")) as f:
        space = json.load(f)
    names = [p["name"] for p in space["params"]]
    levels = {p["name"]: p["values"] for p in space["params"]}
    sign = 1 if space.get("minimize", True) else -1
    rows, seconds = {}, {}
    with gzip.open(os.path.join(folder, "table.csv.gz"), "rt") as f:
        for line in csv.DictReader(f):
            key = []
            for name in names:
                text = line[name]
                match = [k for k, v in enumerate(levels[name]) if (v == text if isinstance(v, str) else float(text) == v or abs(float(text) - v) <= 1e-6 * abs(v))]
                key.append(match[0])
            try:
                value = sign * float(line[space.get("objective", "objective")])
            except ValueError:
                continue
            if math.isfinite(value):
                rows[tuple(key)] = value
                if line.get("runtime"):
                    seconds[tuple(key)] = float(line["runtime"])
    return space, names, levels, rows, seconds


def table(folder):
    def instance(seed):
        space, names, levels, rows, seconds = read_table(folder)
        parameters = {p["name"]: {"type": "categorical" if p["type"] == "cat" else "ordinal", "values": p["values"]} for p in space["params"]}
        index = {n: {v: k for k, v in enumerate(levels[n])} for n in names}

        def key(p):
            return tuple(index[n][p[n]] for n in names)
        return Instance({"parameters": parameters}, lambda p: rows.get(key(p)), min(rows.values()),
                        duration=lambda p: seconds.get(key(p)))
    return instance


# ---- the list -------------------------------------------------------------------------------------------------------------

def all_problems(tables=None):
    """Name -> instance(seed)."""
    problems = {}
    if tables:
        for name in sorted(os.listdir(tables)):
            if os.path.exists(os.path.join(tables, name, "space.json")):
                problems[name] = table(os.path.join(tables, name))
    for name in PLANES:
        problems[name] = plane(name)
    problems["hartmann6_noisy"] = plane("hartmann6_noisy", noise=0.2)
    problems["levy10_noisy"] = plane("levy10_noisy", noise=2.0)
    problems["hartmann6_fails"] = plane("hartmann6_fails", fails=half_space)
    problems["styblinski6_fails"] = plane("styblinski6_fails", fails=corner_fails)
    problems["mixed8"] = mixed8
    problems["network10"] = network10
    problems["network10_noisy"] = lambda seed: network10(seed, noise=0.01)
    problems["categories8"] = categories8
    problems["tiles9"] = tiles9
    problems["conditional8"] = conditional8
    problems["conditional12"] = conditional12
    return problems
