"""What a project foretells and plans from its published run, worked out when first asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.api.days import day_of
from coterie.config import Settings
from coterie.pipeline.explained import Run
from coterie.store.results import published_run

if TYPE_CHECKING:
    import pyarrow as pa

    from coterie.offers.kept_plan import Planned
    from coterie.offers.kept_products import Products
    from coterie.offers.products import Track
    from coterie.pipeline.feedback import Feedback
    from coterie.pipeline.forecast import Value
    from coterie.pipeline.plan import Tell
    from coterie.pipeline.prospects import Prediction


class Predictions:
    """The part of ``Project`` that looks ahead.

    Parameters
    ----------
    folder : Path
        The project folder.
    settings : Settings
        Of the project.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings

    @property
    def latest(self) -> Run:
        """The published run.

        Raises
        ------
        NotReadyError
            If there is none.
        """
        return Run.of(published_run(self.folder))

    def predict(
        self,
        people: Sequence[Mapping[str, Any]] | str | Path = (),
        *,
        label: str = "",
        tier_by: str = "",
        tell: Tell | None = None,
    ) -> Prediction:
        """Return which segment people belong to, told from their attributes, or their label.

        The published model answers if it looks at attributes alone, else a classifier that is
        learnt from the customers.

        Parameters
        ----------
        people : sequence of mapping, or path
            Fields and answers of each person, or a file of them. None: the form alone.
        label : str, optional
            A column of the customer table to predict instead of the segment; ``segment``
            lets a classifier tell the segment even where the model can place people.
        tier_by : str, optional
            A column of numbers; segments in the order of its median become three tiers.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Prediction
            ``rows`` has one answer a person, with what is wrong in ``problems``; ``form`` the
            fields; ``about`` what the classifier is worth; ``page`` the same for people.
        """
        from coterie.pipeline.prospects import predict

        given = Path(people) if isinstance(people, str | Path) else people
        return predict(
            self.settings,
            self.folder,
            given,
            label=label,
            tier_by=tier_by,
            tell=tell,
        )

    def value(self, *, horizon: str = "", tell: Tell | None = None) -> Value:
        """Return what each customer of the published run is expected to spend, and who leaves.

        Parameters
        ----------
        horizon : str, optional
            Such as ``90d``; default: the project's.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Value
            ``table`` has every customer, ``summary`` the figures, ``report`` the page.

        Raises
        ------
        NotReadyError
            If there are no orders or too few: what is there, and how much is needed.
        """
        from coterie.pipeline.forecast import value

        return value(self.settings, self.folder, self.latest, horizon=horizon, tell=tell)

    def products(self, *, tell: Tell | None = None) -> Products:
        """Return what to show whom, what sells together, and how much of it.

        Parameters
        ----------
        tell : callable, optional
            As for ``run``; told while the lists are made, once for each run.

        Returns
        -------
        Products
            Of the published run.
        """
        from coterie.pipeline.products import find_products

        return find_products(self.settings, self.folder, tell=tell)

    def recommend(
        self, customer_id: str, *, n: int = 10, track: Track | None = None
    ) -> dict[str, Any]:
        """Return products for a customer, as ``Products.recommend`` does.

        Parameters
        ----------
        customer_id : str
            As in the data; of whom nothing is known, gets what sells best now.
        n : int, default 10
            How many, 1 to 10.
        track : {"again", "new"}, optional
            What she bought before, or what is new to her; else both.

        Returns
        -------
        dict
            customer_id, known, note and items.
        """
        return self.products().recommend(customer_id, n=n, track=track)

    def held_back(self) -> pa.Array:
        """Return the ids of customers who did not agree to be written to; lists leave them out."""
        from coterie.pipeline.consenting import held_back

        return held_back(self.latest, self.settings.privacy.consent)

    def plan_offers(
        self,
        *,
        as_of: date | None = None,
        explore: bool = False,
        seed: int | None = None,
        budget: float | None = None,
        tell: Tell | None = None,
    ) -> Planned:
        """Plan who is offered what next, from the published run, the catalogue and all touches.

        Parameters
        ----------
        as_of : date, optional
            Day of the plan. Default: the run's, or the day after the last touch if that is later.
        explore : bool, default False
            Draw offers as often as they may well be the best (Thompson sampling), to learn.
        seed : int, optional
            Of all that is drawn by lot. Default: that of the settings.
        budget : float, optional
            Most that all contacts together may cost.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Planned
            ``table`` has a row for each chosen customer, ``summary`` the reasons and the room
            used, ``report`` the page; the same for the same input.
        """
        from coterie.pipeline.offers import Wish, plan_offers

        wish = Wish(day_of(as_of), explore=explore, seed=seed, budget=budget)
        return plan_offers(self.settings, self.folder, wish, tell=tell)

    def offers_report(
        self, *, as_of: date | None = None, seed: int | None = None, tell: Tell | None = None
    ) -> Planned:
        """Report what contacts changed: effects of each offer and segment, with intervals.

        Parameters
        ----------
        as_of : date, optional
            Touches on or after this day are not seen. Default: all are.
        seed : int, optional
            Of the bootstrap. Default: that of the settings.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Planned
            With ``summary`` and ``report``, and without a plan.
        """
        from coterie.pipeline.offers import Wish, report_offers

        return report_offers(self.settings, self.folder, Wish(day_of(as_of), seed=seed), tell=tell)

    def feedback(self, file: str | Path) -> Feedback:
        """Check a file of touches (contacts, controls and their answers) and keep it.

        Parameters
        ----------
        file : path
            Columns as in ``[sources.touches]``, or with our names. A touch that comes again
            counts once.

        Returns
        -------
        Feedback
            The account of every row.
        """
        from coterie.pipeline.feedback import read_feedback

        return read_feedback(self.settings, self.folder, Path(file))
