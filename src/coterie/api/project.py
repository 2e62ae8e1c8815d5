"""A project: a folder whose runs, flows and predictions are asked for here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.api.days import day_of
from coterie.api.predictions import Predictions
from coterie.config import Settings, load_settings
from coterie.errors import ParameterError
from coterie.features.windows import to_date
from coterie.pipeline.explained import Run
from coterie.store.home import Home
from coterie.store.results import find_run

if TYPE_CHECKING:
    import pyarrow as pa

    from coterie.pipeline.erasing import Held, Server
    from coterie.pipeline.plan import Tell
    from coterie.privacy.certificates import Certificate
    from coterie.profiling.comparison import Comparison
    from coterie.profiling.migration import Flows


class Project(Predictions):
    r"""A folder with a ``coterie.toml``; its runs lie in ``.coterie``.

    Parameters
    ----------
    folder : path
        The project folder.
    settings : Settings, optional
        Instead of those in ``coterie.toml``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = [f"{number},{number % 7},{number % 3}" for number in range(60)]
    ...     _ = Path(folder, "cards.csv").write_text("\n".join(["id,spend,visits", *rows]))
    ...     _ = Path(folder, "coterie.toml").write_text(
    ...         '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 2'
    ...     )
    ...     run = Project(folder).run()
    ...     sum(group["n"] for group in run.segments), Project(folder).run().id == run.id
    (60, True)
    """

    def __init__(self, folder: str | Path = ".", settings: Settings | None = None) -> None:
        place = Path(folder)
        super().__init__(place, settings or load_settings(place))

    def run(
        self,
        *,
        as_of: date | None = None,
        refit: bool = False,
        publish: bool = True,
        tell: Tell | None = None,
    ) -> Run:
        """Read, score with the published model (or fit the first), report and publish.

        Parameters
        ----------
        as_of : date, optional
            Rows on or after this day are not read. Default: the day after the last one.
        refit : bool, default False
            Fit again even if the published model fits the settings.
        publish : bool, default True
            False: the run is made to be looked at; ``publish`` can take it over later.
        tell : callable, optional
            Told the stage, the share of it that is done, and what is being done.

        Returns
        -------
        Run
            The new run, or the one that is there already for the same input and model.
        """
        from coterie.pipeline.run import run

        day = day_of(as_of)
        done = run(self.settings, self.folder, as_of=day, refit=refit, publish=publish, tell=tell)
        return Run(done.folder)

    def train(self, *, as_of: date | None = None, tell: Tell | None = None) -> Run:
        """Refit: with the same settings from the published model on, else all is chosen anew.

        Parameters
        ----------
        as_of : date, optional
            As for ``run``.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Run
            The new run; its model is published.
        """
        return self.run(as_of=as_of, refit=True, tell=tell)

    def runs(self) -> list[dict[str, Any]]:
        """Return id, date, model and parent of every run, newest first."""
        home = Home(self.folder)
        if not home.has_registry:
            return []
        with home.registry() as registry:
            rows = registry.runs()
        for row in rows:
            row["as_of"] = to_date(row["as_of"]).isoformat() if row["as_of"] is not None else None
        return rows

    def find_run(self, name: str) -> Run:
        """Return a run.

        Parameters
        ----------
        name : str
            Its id, the beginning of it, ``latest`` or ``previous``.

        Returns
        -------
        Run
            Its tables and segments.
        """
        return Run.of(find_run(self.folder, name))

    def flows(self, start: str | date, end: str | date) -> Flows:
        """Return who moved between two dates or two runs, and why.

        Parameters
        ----------
        start, end : date, or str
            Two dates, as of which the published model places everybody; or two runs, as for
            ``find_run``.

        Returns
        -------
        Flows
            ``moves`` holds every customer with her cause; ``entered`` and ``left`` list them.
        """
        from coterie.pipeline.flows import flows_between_days, flows_between_runs

        if isinstance(start, date) and isinstance(end, date):
            days = day_of(start), day_of(end)
            return flows_between_days(self.settings, self.folder, *(d for d in days if d))
        if isinstance(start, str) and isinstance(end, str):
            runs = self.find_run(start), self.find_run(end)
            return flows_between_runs(self.settings, self.folder, *runs)
        raise ParameterError(f"start={start!r}, end={end!r}.", allowed="Two dates, or two runs.")

    def compare(self, one: str, other: str) -> Comparison:
        """Return how far two runs agree, and what each tells.

        Parameters
        ----------
        one, other : str
            As for ``find_run``.

        Returns
        -------
        Comparison
            Of the customers that both place in a segment.
        """
        from coterie.profiling.comparison import compare

        return compare(self.find_run(one), self.find_run(other))

    def rename(self, segment_id: str, name: str) -> None:
        """Give a segment a name that stays with its id, also through refits.

        Parameters
        ----------
        segment_id : str
            Of a segment of the published run.
        name : str
            One to four words that no other segment has. Empty gives the naming back.
        """
        from coterie.pipeline.naming import rename_segment

        rename_segment(self.folder, segment_id, name)

    def publish(self, name: str) -> Run:
        """Let the model of an earlier run score again.

        Parameters
        ----------
        name : str
            A run, as for ``find_run``.

        Returns
        -------
        Run
            The published run.
        """
        from coterie.pipeline.naming import publish_run

        return Run(publish_run(self.folder, name).folder)

    def identities(self, ids: Collection[str]) -> dict[str, dict[str, str]]:
        """Return names, e-mails and the like of customers, where they are kept encrypted.

        Parameters
        ----------
        ids : collection of str
            As runs have them, or as in the data.

        Returns
        -------
        dict
            Id -> column -> text, of those who are known.
        """
        from coterie.pipeline.identifying import look_up

        return look_up(self.settings, Home(self.folder), ids)

    def identify(self, table: pa.Table, columns: Sequence[str] = ()) -> pa.Table:
        """Return a list of customers as whoever writes to them needs it.

        Parameters
        ----------
        table : pyarrow.Table
            With a column ``customer_id``.
        columns : sequence of str, optional
            Of what is kept encrypted, such as ``email``.

        Returns
        -------
        pyarrow.Table
            With ids in place of pseudonyms, and these columns.
        """
        from coterie.pipeline.identifying import identify

        return identify(self.settings, Home(self.folder), table, columns)

    def access(self, customer_id: str, *, server: Server | None = None) -> Held:
        """Return everything that the project keeps on somebody: rows, scores, mentions.

        Parameters
        ----------
        customer_id : str
            As in the data.
        server : (Database, str or None), optional
            Of the server that serves the project, with the project's name there.

        Returns
        -------
        Held
            By place; exactly what ``erase`` would remove.
        """
        from coterie.pipeline.erasing import hold

        return hold(self.settings, self.folder, customer_id, server)

    def erase(
        self,
        customer_id: str,
        *,
        reason: str = "",
        now: datetime,
        server: Server | None = None,
    ) -> Certificate:
        """Erase somebody from all that the project keeps; later rows of hers are dropped.

        Parameters
        ----------
        customer_id : str
            As in the data.
        reason : str, optional
            Kept in the certificate; it must not name anybody.
        now : datetime
            The time, with its zone: the certificate tells it.
        server : (Database, str or None), optional
            As for ``access``.

        Returns
        -------
        Certificate
            Signed, and without any identity. The former one, if nothing came back since.
        """
        from coterie.pipeline.erasing import erase

        return erase(self.settings, self.folder, customer_id, reason=reason, now=now, server=server)

    def erase_pending(self, *, now: datetime, server: Server | None = None) -> list[Certificate]:
        """End erasures that were stopped, asked of a server, or are newer than a backup.

        Parameters
        ----------
        now : datetime
            As for ``erase``.
        server : (Database, str or None), optional
            As for ``access``.

        Returns
        -------
        list of Certificate
            One a person.
        """
        from coterie.pipeline.erasing import erase_pending

        return erase_pending(self.settings, self.folder, now=now, server=server)

    def assign(
        self,
        file: str | Path,
        *,
        as_of: date | None = None,
        warn: Callable[[str], None] | None = None,
    ) -> pa.Table:
        """Place the customers of a file by the published model, and store nothing.

        Parameters
        ----------
        file : path
            Rows like those of the project.
        as_of : date, optional
            Rows on or after this day are not read. Default: the day after the last one.
        warn : callable, optional
            Told in a sentence of each column of a file of customers that nothing knows.

        Returns
        -------
        pyarrow.Table
            customer_id, segment_id, second_id, margin, status and the reasons in words, ordered
            by customer_id.
        """
        from coterie.pipeline.score import assign

        return assign(self.settings, self.folder, Path(file), as_of=day_of(as_of), warn=warn)
