"""What a bar answers, and the words that the bars share.

Happy path: a result prints itself as one line, `MET` or `MISS`. How it fails: a value that is not a number, since nothing could be measured, is missed.
"""

import dataclasses
import statistics

from servers import spread

BODY_BYTES = 150
STORM_IN_FLIGHT = 500
SETTLE_S = 2


@dataclasses.dataclass
class Result:
    bar: str
    of: str
    value: float
    unit: str
    target: float
    less: bool = False  # at most the target
    detail: str = ""
    samples: dict = dataclasses.field(default_factory=dict)  # name -> figures of each repetition
    samples_unit: str = ""

    @property
    def met(self):
        return self.value <= self.target if self.less else self.value >= self.target

    def figures(self):
        return self.detail or ", ".join(f"{name} {spread(values)}" for name, values in self.samples.items()) + f" {self.samples_unit}"

    def line(self):
        return f"{'MET' if self.met else 'MISS'} {self.bar} {self.value:.2f} {self.unit} (bar {self.target:g}) {self.of}: {self.figures()}"


def ratio_of(samples, name="chattifier", base="floor"):
    return statistics.median(a / b for a, b in zip(samples[name], samples[base]))
