"""Makes a scenario that breaks a promise as small as it gets.

Happy path: the seed is run once and recorded; then whole kinds of steps, clients, rooms and the end are left out, the world
is made smaller, and steps are left out in ever smaller pieces, down to one, each time only if the same promise still
breaks. How it fails: a seed that breaks nothing, or whose record does not break it again, can not be made smaller: ShrinkError.
"""

import concurrent.futures
import re

from simulation import simulate

CHAOS_MS = (1000, 2000, 4000, 8000, 16000, 32000)
WORLD = ("nodes", "shards", "clients", "rooms")


class ShrinkError(Exception):
    pass


class Shrinker:
    def __init__(self, binary, seed, options, jobs):
        self.binary, self.jobs, self.runs = binary, jobs, 0
        self.options = {"--seed": str(seed), **dict(zip(options[::2], options[1::2]))}
        first = simulate(binary, self.flat({"--record": "1"}))
        if first.good:
            raise ShrinkError(f"seed {seed} breaks nothing")
        self.promise, self.steps, self.words = first.promise, first.steps, first.words
        self.recorded = len(first.steps)
        if not self.breaks({}, self.steps):
            raise ShrinkError(f"seed {seed} breaks {self.promise}, and its record does not")

    def flat(self, more):
        return [word for pair in {**self.options, **more}.items() for word in pair]

    def breaks(self, more, steps):
        self.runs += 1
        outcome = simulate(self.binary, self.flat(more), steps)
        return not outcome.good and outcome.promise == self.promise

    def first_that_breaks(self, trials):
        """The first of these lists of steps that still breaks the promise; they are tried at the same time."""
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            verdicts = list(pool.map(lambda steps: self.breaks({}, steps), trials))
        return next((steps for steps, broke in zip(trials, verdicts) if broke), None)

    def without(self, drops):
        """Leaves out what `drops` says of a step, if that may be."""
        rest = [step for step in self.steps if not drops(step)]
        if len(rest) < len(self.steps) and self.breaks({}, rest):
            self.steps = rest

    def leave_out_groups(self):
        ended = re.search(r"^seed \d+ broke \S+ at ([\d.]+) s", self.words, re.M)
        if ended:
            self.without(lambda step: int(step.split()[0]) > float(ended[1]) * 1e6)
        for kind in sorted({step.split()[1] for step in self.steps}):
            self.without(lambda step, kind=kind: step.split()[1] == kind)
        for word in ("client", "room"):
            for number in sorted({found[0] for step in self.steps if (found := re.search(rf" {word} \d+", step))}):
                self.without(lambda step, number=number: f"{step} ".find(f"{number} ") > 0)

    def leave_out_pieces(self):
        size = max(len(self.steps) // 2, 1)
        while size:
            at = 0
            while at < len(self.steps):
                starts = range(at, min(at + self.jobs * size, len(self.steps)), size)
                smaller = self.first_that_breaks([self.steps[:i] + self.steps[i + size:] for i in starts])
                if smaller is None:
                    at += self.jobs * size
                else:
                    self.steps = smaller
            size //= 2

    def make_world_smaller(self):
        for name in WORLD:
            drawn = int(self.options.get(f"--{name}", re.search(rf"\b{name} (\d+)", self.words)[1]))
            self.take_smallest(f"--{name}", range(1, drawn))
        self.take_smallest("--chaos-ms", (ms for ms in CHAOS_MS if ms < int(self.options.get("--chaos-ms", "99999"))))

    def take_smallest(self, option, values):
        for value in values:
            if self.breaks({option: str(value)}, self.steps):
                self.options[option] = str(value)
                return

    def shrink(self):
        self.leave_out_groups()
        before = None
        while before != (self.steps, self.options):
            before = (self.steps, dict(self.options))
            self.leave_out_pieces()
            self.make_world_smaller()
        return self
