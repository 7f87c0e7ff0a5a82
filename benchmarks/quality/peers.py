# SPDX-License-Identifier: MIT
"""Peers for compare.py: search methods of others behind the JSON lines of `ambs serve`.

    peers.py random | optuna | optuna_mv | forest_ei

One process serves one study after the other: each {"cmd":"init","study":{…}} begins anew.

    random      independent draws
    optuna      Optuna's TPESampler as it is when a user says nothing
    optuna_mv   TPESampler(multivariate=True, group=True, constant_liar=True)
    forest_ei   scikit-learn's RandomForestRegressor with expected improvement, as a person would write it in an
                afternoon: 10 random points, then 1,000 random candidates and 200 neighbours of the best, running trials
                as their predicted mean
"""
import json
import math
import random
import sys


class Space:
    """What the peers need of a study's space."""

    def __init__(self, study):
        self.parameters = study["parameters"]
        # The constraints of the benchmark's own problems are plain comparisons, which Python reads as ambs does.
        self.constraints = [compile(c, "constraint", "eval") for c in study.get("constraints", [])]

    def is_active(self, name, params):
        when = self.parameters[name].get("when", {})
        return all(params.get(k) in v for k, v in when.items())

    def is_feasible(self, params):
        return all(eval(c, {"__builtins__": {}}, params) for c in self.constraints)

    def draw(self, rng):
        while True:
            params = {}
            for name, p in self.parameters.items():
                if self.is_active(name, params):
                    params[name] = self.draw_one(p, rng)
            if self.is_feasible(params):
                return params

    @staticmethod
    def draw_one(p, rng):
        if "values" in p:
            return rng.choice(p["values"])
        whole = p["type"] == "int"
        low, high = (p["min"] - 0.5, p["max"] + 0.5) if whole else (p["min"], p["max"])
        if p.get("scale") == "log":
            v = math.exp(rng.uniform(math.log(max(low, 0.5 if whole else low)), math.log(high)))
        else:
            v = rng.uniform(low, high)
        return min(max(round(v), p["min"]), p["max"]) if whole else v


class Random:
    def __init__(self, space, seed, budget):
        self.space, self.rng = space, random.Random(seed)
        self.best = (math.inf, None)

    def ask(self, trial):
        return self.space.draw(self.rng)

    def tell(self, trial, params, y):
        if y is not None and y < self.best[0]:
            self.best = (y, params)


class Optuna(Random):
    def __init__(self, space, seed, budget, **options):
        super().__init__(space, seed, budget)
        import optuna
        import warnings
        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.optuna = optuna
        self.study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **options))
        self.open = {}

    def suggest(self, trial):
        params = {}
        for name, p in self.space.parameters.items():
            if not self.space.is_active(name, params):
                continue
            if "values" in p:
                params[name] = trial.suggest_categorical(name, p["values"]) if p["type"] == "categorical" else \
                    p["values"][trial.suggest_int(name, 0, len(p["values"]) - 1)]
            elif p["type"] == "int":
                params[name] = trial.suggest_int(name, p["min"], p["max"], log=p.get("scale") == "log")
            else:
                params[name] = trial.suggest_float(name, p["min"], p["max"], log=p.get("scale") == "log")
        return params

    def ask(self, trial):
        for _ in range(1000):
            t = self.study.ask()
            params = self.suggest(t)
            if self.space.is_feasible(params):
                self.open[trial] = t
                return params
            # Optuna has no constraints that forbid a trial before it runs; its users prune it.
            self.study.tell(t, state=self.optuna.trial.TrialState.PRUNED)
        raise RuntimeError("no feasible configuration in 1000 tries")

    def tell(self, trial, params, y):
        super().tell(trial, params, y)
        t = self.open.pop(trial)
        if y is None:
            self.study.tell(t, state=self.optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(t, y)


class ForestEI(Random):
    INITIAL, CANDIDATES, NEIGHBOURS, TREES = 10, 1000, 200, 30

    def __init__(self, space, seed, budget):
        super().__init__(space, seed, budget)
        import numpy
        from sklearn.ensemble import RandomForestRegressor
        self.np, self.forest = numpy, RandomForestRegressor
        self.seed, self.known, self.pending = seed, [], {}
        self.said = set()

    def encode(self, params):
        row = []
        for name, p in self.space.parameters.items():
            v = params.get(name)
            if "values" in p and p["type"] == "categorical":
                row += [1.0 if v == k else 0.0 for k in p["values"]]
            elif v is None:
                row.append(-1.0)
            elif "values" in p:
                row.append(p["values"].index(v) / max(1, len(p["values"]) - 1))
            elif p.get("scale") == "log":
                row.append(math.log(v / p["min"]) / math.log(p["max"] / p["min"]))
            else:
                row.append((v - p["min"]) / (p["max"] - p["min"]))
        return row

    def neighbour(self, params):
        """One parameter drawn anew; what becomes active with it is drawn, too."""
        names = [n for n in self.space.parameters if n in params]
        for _ in range(100):
            change = self.rng.choice(names)
            new = {}
            for name, p in self.space.parameters.items():
                if self.space.is_active(name, new):
                    new[name] = params[name] if name in params and name != change else self.space.draw_one(p, self.rng)
            if self.space.is_feasible(new):
                return new
        return self.space.draw(self.rng)

    def ask(self, trial):
        np = self.np
        params = self.propose(np) if len(self.known) >= self.INITIAL else self.space.draw(self.rng)
        self.pending[trial] = params
        self.said.add(json.dumps(params, sort_keys=True))
        return params

    def propose(self, np):
        worst = max((y for _, y in self.known if y is not None), default=None)
        if worst is None:
            return self.space.draw(self.rng)
        x = np.array([self.encode(p) for p, _ in self.known])
        y = np.array([worst if v is None else v for _, v in self.known])
        model = self.forest(n_estimators=self.TREES, n_jobs=1, random_state=len(self.known), max_features=5 / 6)
        model.fit(x, y)
        if self.pending:
            z = np.array([self.encode(p) for p in self.pending.values()])
            model.fit(np.vstack([x, z]), np.concatenate([y, model.predict(z)]))
        best = min((v for v in self.known if v[1] is not None), key=lambda v: v[1])
        candidates = [self.space.draw(self.rng) for _ in range(self.CANDIDATES)]
        candidates += [self.neighbour(best[0]) for _ in range(self.NEIGHBOURS)]
        candidates = [c for c in candidates if json.dumps(c, sort_keys=True) not in self.said] or candidates
        z = np.array([self.encode(c) for c in candidates], dtype=np.float32)
        each = np.array([t.predict(z, check_input=False) for t in model.estimators_])
        mean, sd = each.mean(0), each.std(0) + 1e-9
        gain = best[1] - mean
        u = gain / sd
        ei = gain * 0.5 * (1 + np.vectorize(math.erf)(u / math.sqrt(2))) + sd * np.exp(-u * u / 2) / math.sqrt(2 * math.pi)
        return candidates[int(np.argmax(ei))]

    def tell(self, trial, params, y):
        super().tell(trial, params, y)
        del self.pending[trial]
        self.known.append((params, y))


PEERS = {"random": Random,
         "optuna": Optuna,
         "optuna_mv": lambda *a: Optuna(*a, multivariate=True, group=True, constant_liar=True),
         "forest_ei": ForestEI}


def serve(make):
    method, open_trials, n = None, {}, 0
    for line in sys.stdin:
        command = json.loads(line)
        answer = {"ok": True}
        if command["cmd"] == "init":
            study = command["study"]
            method, open_trials, n = make(Space(study), study["study"]["seed"], study["budget"]["trials"]), {}, 0
        elif command["cmd"] == "ask":
            open_trials[n] = method.ask(n)
            answer = {"id": n, "params": open_trials[n]}
            n += 1
        elif command["cmd"] == "tell":
            i = command["id"]
            method.tell(i, open_trials.pop(i), command.get("objective"))
        elif command["cmd"] == "best":
            answer = {"params": method.best[1], "objective": method.best[0]}
        elif command["cmd"] == "quit":
            break
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PEERS:
        sys.exit(__doc__)
    serve(PEERS[sys.argv[1]])
