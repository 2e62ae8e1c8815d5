"""The list of all figures, and how a module puts one of them to the test.

A figure that no function is registered for is *pending*: the list promises more than is
built, and says so. Bars stand here alone, so that no benchmark can lower its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One measured number and the bar it has to pass.

    Parameters
    ----------
    name : str
        What was measured.
    value : float
        The number; in ``unit``.
    bar : float
        What it must reach, or stay under.
    at_most : bool
        Whether ``value`` may be at most ``bar``; else it must be at least ``bar``.
    unit : str
        What the number counts.
    interval : tuple of two floats, optional
        Where the number may lie: for repeated timings the smallest and the largest.
    """

    name: str
    value: float
    bar: float
    at_most: bool
    unit: str = ""
    interval: tuple[float, float] | None = None

    @property
    def ok(self) -> bool:
        """Whether the bar holds; a number that is not one (NaN) never does."""
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def short(self) -> str:
        """Write the number and its unit."""
        return f"{self.value:.4g}{self.unit and ' ' + self.unit}"

    def line(self) -> str:
        """Write the number, where it may lie, and the bar."""
        low, high = self.interval or (self.value, self.value)
        between = f" [{low:.4g}, {high:.4g}]" if self.interval else ""
        sign = "≤" if self.at_most else "≥"
        return f"{self.name}: {self.short()}{between} (bar {sign} {self.bar:g})"


@dataclass(frozen=True)
class Outcome:
    """What one figure came to: how it was measured, and its parts; all of them must hold."""

    protocol: str
    parts: tuple[Part, ...]

    @property
    def ok(self) -> bool:
        """Whether every part holds, and there is one."""
        return bool(self.parts) and all(part.ok for part in self.parts)


@dataclass(frozen=True)
class Figure:
    """A promise: its short name, what it measures, and the bar in words."""

    name: str
    what: str
    bar: str


Measure = Callable[[], Outcome]
MEASURES: dict[str, Measure] = {}


def figure(name: str) -> Callable[[Measure], Measure]:
    """Register a function as the measurement of the figure ``name``.

    Examples
    --------
    A module ``benchmarks/bench_<stage>.py`` holds::

        @figure("S1")
        def level_1() -> Outcome:
            ratio = paired_ratio(ours, peer)
            return Outcome(
                "20 M lines, five pairs",
                (at_most("time ÷ hand-written SQL", ratio.median, 1.3, interval=ratio.interval),),
            )
    """
    if name not in FIGURES:
        raise KeyError(name)

    def register(measure: Measure) -> Measure:
        MEASURES[name] = measure
        return measure

    return register


def at_most(
    name: str,
    value: float,
    bar: float,
    *,
    unit: str = "",
    interval: tuple[float, float] | None = None,
) -> Part:
    """Make a part that holds up to ``bar``, the bar included."""
    return Part(name, value, bar, at_most=True, unit=unit, interval=interval)


def at_least(
    name: str,
    value: float,
    bar: float,
    *,
    unit: str = "",
    interval: tuple[float, float] | None = None,
) -> Part:
    """Make a part that holds from ``bar`` on, the bar included."""
    return Part(name, value, bar, at_most=False, unit=unit, interval=interval)


def _table(rows: Iterable[tuple[str, str, str]]) -> dict[str, Figure]:
    """Key the figures by their names."""
    return {name: Figure(name, what, bar) for name, what, bar in rows}


FIGURES = _table(
    [
        ("Q1", "P, Online Retail, 192 days ahead", "≥ .90"),
        ("Q2", "capped-spend R², Online Retail, default, k = 7", "≥ .58"),
        ("Q3", "P, CDNOW sample, 39 + 39 weeks", "≥ .91"),
        ("Q4", "P, six Online Retail origins / CDNOW master", "≥ .90 / ≥ .92"),
        ("Q5", "S_w of the whole pipeline, Online Retail / CDNOW", "≥ .80 / ≥ .82"),
        ("Q6", "null data called structured; power", "≤ 5 %; ≥ 80 %"),
        ("Q7", "planted k found, k = 3…8", "≥ 90 %"),
        ("Q8", "customers keeping their id at a refit; a new persona is born", "≥ 95 % and born"),
        ("Q9", "model churn of a routine refit", "≤ 10 %"),
        ("Q10", "held-out fidelity of the rules", "≥ .88"),
        ("Q11", "assignment and rules as SQL against Python", "0 differences"),
        ("Q12", "what-ifs that flip; customers offered one", "100 %; ≥ 80 %"),
        ("Q13", "equal customers with unequal RFM scores", "0"),
        ("Q14", "BG/NBD and Gamma-Gamma on CDNOW", "equal to 3 digits"),
        ("Q15", "customer value, Online Retail: nGini / R² / bias", "≥ .78 / ≥ .67 / ≤ 15 %"),
        ("Q16", "customer value, CDNOW: nGini / AUC / bias", "≥ .68 / ≥ .76 / ≤ 15 %"),
        ("Q17", "CDNOW repeat purchases: total, MAE", "within 12.5 %, ≤ .785"),
        ("Q18", "products, all items: recall@10 / NDCG@10", "≥ .36 / ≥ .37"),
        ("Q19", "products new to the customer", "≥ .118 / ≥ .12"),
        ("Q20", "telco churn, AUC", "≥ .84"),
        ("Q21", "income tertile, accuracy", "≥ .62"),
        ("Q22", "review sentiment, AUC", "≥ .85"),
        ("Q23", "uplift intervals covering the truth", "90–98 %"),
        ("Q24", "substance gate", "holds"),
        ("Q25", "card data, reproducibility ARI", "≥ .95"),
        ("Q26", "behaviour lens finds planted personas, ARI", "≥ .8"),
        ("S1", "level 1 and measures, time ÷ hand-written SQL", "≤ 1.3 ×"),
        ("S2", "a run against a notebook: times faster; memory", "≥ 2 ×, less memory"),
        ("S3", "selection at 1 M × 12", "≥ 3 ×, inertia within .5 %; whole ≤ 10 min"),
        ("S4", "assigning 10 M customers against scikit-learn", "≥ 2 ×"),
        ("S5", "one prediction by API, p99; throughput", "≤ 10 ms; ≥ 3 ×"),
        ("S6", "CSV of 1 M rows scored by API", "≤ 15 s, flat memory"),
        ("S7", "stream, durable: events a second", "≥ 30 k / ≥ 15 k (half on PostgreSQL), ≥ 5 ×"),
        ("S8", "event to visible membership, p95", "≤ 1 s (Kafka), ≤ 250 ms (HTTP)"),
        ("S9", "value model at 1 M customers", "≥ 5 ×, same parameters"),
        ("S10", "time against customers, exponent", "≤ 1.05, memory bounded"),
        ("S11", "coterie --help; import coterie", "≤ .5 s; ≤ .3 s"),
        ("S12", "first load; page over 1 M customers", "≤ 250 KB gz; < 1 s"),
        ("S13", "upload to named segments in a browser", "≤ 3 min, waiting ≤ 90 s"),
        ("S14", "a page of 1 M customers from the database, p95", "≤ 100 ms"),
        ("R1", "killed at every write", "nothing lost, nothing twice, nothing half"),
        ("R2", "batch equals stream", "0 mismatches"),
        ("R3", "hostile inputs", "0 tracebacks, 0 5xx, 0 leaks"),
        ("R4", "routes × roles", "every pair tested"),
        ("R5", "erasure of canary persons", "0"),
        ("R6", "same input, any thread count", "same bytes"),
    ]
)
