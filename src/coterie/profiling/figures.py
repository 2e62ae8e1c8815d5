"""The figures of a report: each chart in the widths it needs, as SVG inside a ``figure``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from markupsafe import Markup

from coterie.profiling import format as fmt
from coterie.profiling.charts import (
    NARROW,
    WIDE,
    Chart,
    bars_chart,
    draw,
    map_chart,
    months_chart,
    nice_top,
)
from coterie.profiling.charts_choice import (
    Candidate,
    Measured,
    SweepPoint,
    candidates_chart,
    line_chart,
)
from coterie.profiling.charts_explore import correlation_chart, distribution_chart, most_related
from coterie.profiling.charts_shares import shares_chart
from coterie.profiling.profile import Profile
from coterie.profiling.publication import Hiding
from coterie.segmentation.gates import STRICT

MAX_DISTRIBUTIONS = 24
MAX_CORRELATED = 24
"""More features than this do not fit a triangle that can be read."""


class Figures:
    """Draws the charts of one profile."""

    def __init__(self, profile: Profile, hiding: Hiding) -> None:
        self._profile, self._hiding = profile, hiding
        self._drawn = 0

    def _svg(self, chart: Chart, label: str) -> str:
        return self._svgs([(lambda: chart, label)])[0]

    def _svgs(self, drawings: Sequence[tuple[Callable[[], Chart], str]]) -> list[str]:
        """Draw charts in order; one is laid out (not thread-safe) while another is drawn."""
        with ThreadPoolExecutor(1) as pool:
            drawn = []
            for make, label in drawings:
                self._drawn += 1
                spec = make().to_dict(validate=False)
                drawn.append(pool.submit(draw, spec, prefix=f"f{self._drawn}", label=label))
            return [svg.result() for svg in drawn]

    def _figure(self, drawn: str, title: str, note: str) -> Markup:
        small = Markup(" <span>{}</span>").format(note) if note else ""
        safe = Markup(drawn)  # noqa: S704  drawn by svg, which escapes
        return Markup("<figure><figcaption><strong>{}</strong>{}</figcaption>{}</figure>").format(
            title, small, safe
        )

    def _both(self, make: Callable[[int], Chart], label: str) -> str:
        wide, narrow = self._svgs([(partial(make, WIDE), label), (partial(make, NARROW), label)])
        return f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>'

    def shares(self) -> Markup | None:
        """Share of customers and of spend of each segment whose size may be told."""
        profile = self._profile
        shown = [s for s in profile.segments if s.id not in self._hiding.sizes]
        profile = replace(profile, segments=tuple(shown))
        if not shown:
            return None
        known = bool(profile.value_method)
        title = "Share of customers ○ and of spend (filled)" if known else "Share of customers"
        note = "The line is the 95% range." if known else profile.value_reason
        label = "; ".join(
            f"{s.name}: {fmt.share(s.share)} of customers"
            + (
                f", {fmt.share(s.value.share)} of spend"
                if s.value and s.value.share is not None
                else ""
            )
            for s in profile.segments
        )
        return self._figure(
            self._both(lambda width: shares_chart(profile, width=width), label), title, note
        )

    def map(self) -> Markup | None:
        """Two-dimensional map of a sample, or None if there is none."""
        spots = self._profile.map
        if spots is None:
            return None
        shown = fmt.count(sum(spots.explained) * 100)
        note = (
            f"At most {fmt.count(len(spots.points))} customers, drawn at random and moved "
            f"a little. Shows {shown}% of the variation; distances are rough."
        )
        label = f"Scatter of customers by two principal components, {shown}% of the variation"
        return self._figure(
            self._both(lambda width: map_chart(self._profile, spots, width=width), label),
            "Customers on two axes",
            note,
        )

    def months(self) -> list[Markup]:
        """Net spend by month, one small chart a segment on one scale."""
        profile = self._profile
        if len({month.month for month in profile.months}) < 3:
            return []
        top = nice_top(max(month.value or 0.0 for month in profile.months))
        some = {month.segment for month in profile.months}
        told = [(code, s) for code, s in enumerate(profile.segments) if code in some]
        drawn = self._svgs(
            [
                (partial(months_chart, profile, code, top), f"Spend of {segment.name} by month")
                for code, segment in told
            ]
        )
        return [
            self._figure(one, segment.name, "")
            for one, (_, segment) in zip(drawn, told, strict=True)
        ]

    def products(self, code: int) -> Markup | None:
        """Best sellers of one segment by lift."""
        segment = self._profile.segments[code]
        if not segment.products:
            return None
        data = [(item.name, item.lift, f"{item.lift:.1f}×") for item in segment.products]
        label = "; ".join(
            f"{item.name.strip()}: {item.lift:.1f} times" for item in segment.products
        )
        return self._figure(
            self._svg(bars_chart(data, title="", width=400, length=28), label),
            "Bought more than elsewhere",
            "times the share of all customers",
        )

    def missing(self) -> Markup | None:
        """Share of unknown values of the columns that have any."""
        some = [item for item in self._profile.missing if item.n][:20]
        if not some:
            return None
        data = [(item.label, item.share, fmt.share(item.share)) for item in some]
        label = "; ".join(f"{item.label}: {fmt.share(item.share)} missing" for item in some)
        return self._figure(
            self._svg(bars_chart(data, title="", width=440, top=1.0), label),
            "Share of customers whose value is missing",
            "the axis ends at 100%",
        )

    def distributions(self) -> list[Markup]:
        """Histograms of each feature, as it is and as the matrix sees it."""
        currency = self._profile.params.currency
        shown = self._profile.distributions[:MAX_DISTRIBUTIONS]
        drawn = self._svgs(
            [
                (partial(distribution_chart, found, currency), f"Histograms of {found.label}")
                for found in shown
            ]
        )
        return [
            self._figure(
                one,
                found.label,
                f"{fmt.count(found.beyond)} larger, not drawn" if found.beyond else "",
            )
            for one, found in zip(drawn, shown, strict=True)
        ]

    def correlations(self) -> Markup | None:
        """Lower triangle of Spearman's correlations."""
        found = most_related(self._profile.correlations, MAX_CORRELATED)
        if len(found.features) < 2:
            return None
        label = "Spearman correlations; the strongest are in the table"
        drawn = f'<div class="scroll">{self._svg(correlation_chart(found), label)}</div>'
        more = len(self._profile.correlations.features) - len(found.features)
        note = "Spearman's correlation"
        if more:
            note += f"; {more} features that vary little or go with no other are not drawn"
        return self._figure(drawn, "Which features go together", note)

    def choice(
        self,
        candidates: Sequence[Candidate],
        sweep: Sequence[SweepPoint],
        chosen: int | None,
        measured: Measured,
    ) -> dict[str, Markup | None]:
        """Draw the charts of the choice.

        Parameters
        ----------
        candidates : sequence of Candidate
            Those to chart, in their order.
        sweep : sequence of SweepPoint
            Measures of the chosen algorithm by number of segments.
        chosen : int or None
            Number of segments chosen.
        measured : Measured
            What P means.

        Returns
        -------
        dict of str to Markup or None
            ``p``, ``stability``, ``elbow``, ``silhouette``, ``candidates``; None where there is
            nothing to draw.
        """
        names = ("p", "stability", "elbow", "silhouette", "candidates")
        found: dict[str, Markup | None] = dict.fromkeys(names)
        band = [
            (s.k, s.p_low * 100, s.p_high * 100)
            for s in sweep
            if s.p is not None and s.p_low is not None and s.p_high is not None
        ]
        back = [(s.k, s.s_w * 100) for s in sweep if s.s_w is not None]
        elbow = [(s.k, s.inertia) for s in sweep if s.inertia is not None]
        shape = [(s.k, s.silhouette) for s in sweep if s.silhouette is not None]
        series: dict[str, tuple[str, str, list[tuple[int, float]], dict[str, Any]]] = {
            "p": (
                measured.short,
                "decides; the band is a 95% range",
                [(s.k, s.p * 100) for s in sweep if s.p is not None],
                {"zero": False, "band": band},
            ),
            "stability": (
                "Comes back",
                "a gate: the dotted line must be reached; measured where it could decide",
                back,
                {"zero": False, "gate": STRICT[0] * 100},
            ),
            "elbow": (
                "Spread inside segments (elbow)",
                "shown, never deciding",
                elbow,
                {"zero": True},
            ),
            "silhouette": ("Silhouette", _pick(shape) if shape else "", shape, {"zero": False}),
        }
        for name, (title, note, points, drawn) in series.items():
            if len(points) > 1:
                chart = line_chart(points, title="", chosen=chosen, **drawn)
                words = f"{title} by number of segments"
                found[name] = self._figure(self._svg(chart, words), title, note)
        if any(item.p is not None for item in candidates):
            from_best = "; ".join(f"{c.label}: {fmt.count((c.p or 0) * 100)}" for c in candidates)
            found["candidates"] = self._figure(
                self._both(
                    lambda width: candidates_chart(candidates, width=width, measured=measured),
                    from_best,
                ),
                measured.title,
                "The best, each with its number of segments; dots with 95% ranges; ✓ chosen.",
            )
        return found


def _pick(points: Sequence[tuple[int, float]]) -> str:
    best = max(points, key=lambda point: (point[1], -point[0]))[0]
    return f"does not decide; it would have picked {best}"
