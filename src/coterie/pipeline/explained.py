"""A run that explains itself: rules, reasons, what-ifs, and the SQL that would place the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.features.windows import to_day
from coterie.pipeline.fairness import Fair
from coterie.pipeline.known import read_known
from coterie.profiling import changes, supposed
from coterie.profiling import explain as reasons
from coterie.profiling import what_if as actions
from coterie.profiling.export_sql import assignment_sql, rules_sql
from coterie.profiling.rules import Rules
from coterie.profiling.tried import Outcome, Trial, score_again
from coterie.schema import MICROS
from coterie.segmentation.base import NOISE
from coterie.segmentation.released import Released
from coterie.store import results
from coterie.store.runs import read_json


class Run(Fair):
    """A finished run: its tables and segments, and why each customer is where she is.

    Parameters
    ----------
    folder : Path
        A run folder; its files are checked against their hashes.
    names : mapping of str to str, optional
        Segment id to the name that a user gave it, perhaps after the run.

    Raises
    ------
    NotReadyError
        If there is no run.
    DataError
        If a file is missing or was changed.

    Examples
    --------
    >>> import coterie
    >>> number = list(range(60))
    >>> cards = {"customer_id": number, "spend": [n % 7 for n in number], "visits": [1, 9] * 30}
    >>> run = coterie.segment(pa.table(cards), k=2)
    >>> run.why("7")["segment"]["id"] == run.customer("7")["segment_id"]
    True
    """

    @classmethod
    def of(cls, run: results.Run) -> Run:
        """Return a run that was found and checked already, with all that it can say.

        Parameters
        ----------
        run : Run
            As ``store.results`` finds it; its files are not checked again.

        Returns
        -------
        Run
            The same run.
        """
        made = cls.__new__(cls)
        made.__dict__.update(run.__dict__)
        return made

    def explain(self, segment: str = "") -> dict[str, Any]:
        """Return the rules of all segments or of one, and what each hangs on.

        Parameters
        ----------
        segment : str, optional
            Id or name.

        Returns
        -------
        dict
            ``fidelity``, the share of customers whom rules made from others put where they
            belong (None without rules), and ``segments``: id, name, description, rule (text,
            sql, precision, recall) and importance (feature, label, moved: the share of members
            who would leave if that column were another customer's).

        Raises
        ------
        ParameterError
            If there is no such segment.
        """
        wanted = self.customers.number(segment) if segment else None
        found = self._rules_file
        rules = found["rules"]
        return {
            "fidelity": rules["fidelity"] if rules else None,
            "segments": [
                {
                    "id": one["id"],
                    "name": one["name"],
                    "description": one["description"],
                    "rule": one["rule"],
                    "importance": found["importance"].get(one["id"], []),
                }
                for one in self.segments
                if wanted is None or one["id"] == self._released.ids[wanted]
            ],
        }

    def why(self, customer_id: str, *, not_in: str = "") -> dict[str, Any]:
        """Return why a customer is in her segment, or what keeps her out of another.

        Parameters
        ----------
        customer_id : str
            As in the data.
        not_in : str, optional
            Id or name of the other segment.

        Returns
        -------
        dict
            segment, second, margin and reasons; with ``not_in`` segment, other and gaps, the
            largest first. Each has a ``text``.

        Raises
        ------
        NotReadyError
            If there is no such customer, or she has no orders.
        ParameterError
            If there is no such segment, or she is in it.
        """
        if not_in:
            return reasons.why_not(self.customers, customer_id, not_in)
        return reasons.why(self.customers, customer_id)

    def what_if(self, customer_id: str, *, to: str = "") -> dict[str, Any]:
        """Return the cheapest action that moves a customer to a segment of higher value.

        With orders these are real ones: one to three, of her usual size or up to half as much
        again, within 7, 14 or 28 days. Without orders it is the smallest change of columns
        that can change, to ``to`` or any other segment. It describes the model alone.

        Parameters
        ----------
        customer_id : str
            As in the data.
        to : str, optional
            Id or name of the segment to reach.

        Returns
        -------
        dict
            segment, action (None if nothing tried moves her), reaches, and ``text``.

        Raises
        ------
        NotReadyError
            If there is no such customer, or the lines that she is measured by are gone.
        ParameterError
            If there is no such segment.
        """
        return self.what_ifs([customer_id], to=to)[0]

    def what_ifs(self, customer_ids: Sequence[str], *, to: str = "") -> list[dict[str, Any]]:
        """Return ``what_if`` for many customers at once, which is faster.

        Parameters
        ----------
        customer_ids : sequence of str
            As in the data.
        to : str, optional
            Id or name of the segment to reach.

        Returns
        -------
        list of dict
            In the order of the ids.
        """
        customers = self.customers
        target = customers.number(to) if to else None
        for customer_id in customer_ids:
            customers.at(customer_id)
        day = self._day
        if not self._has_orders or day is None:
            return [self._changed(customer_id, target) for customer_id in customer_ids]
        found = actions.simulate(self._engine, self._released, self._data, customer_ids, as_of=day)
        return [
            self._acted(customer_id, found.get(customer_id, []), target)
            for customer_id in customer_ids
        ]

    def levers(self, customer_id: str) -> list[dict[str, Any]]:
        """Return what may be supposed of a customer, for ``suppose``.

        Parameters
        ----------
        customer_id : str
            As in the data.

        Returns
        -------
        list of dict
            With orders ``orders``, ``amount`` (of each) and ``days``; without them the columns
            that can change. Each has name, label, value, unit, low, high, step, least, most
            and values.

        Raises
        ------
        NotReadyError
            If there is no such customer, or the lines that she is measured by are gone.
        """
        return [lever.to_dict() for lever in self._levers(customer_id)]

    def suppose(self, customer_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return where a customer would be if something of her changed; she is scored again.

        Parameters
        ----------
        customer_id : str
            As in the data.
        changes : mapping
            Name of a lever to its new value; what is left out is as now (of orders: one, of
            her usual size, within 14 days).

        Returns
        -------
        dict
            customer_id, changes, ``now``, ``then`` and, with orders, ``idle`` (as long without
            any order): each a segment and an expected value, or None where it is not known;
            and ``text``.

        Raises
        ------
        NotReadyError
            If there is no such customer, or the lines that she is measured by are gone.
        ParameterError
            If something cannot change, or not to that.
        """
        customers = self.customers
        levers = self._levers(customer_id)
        wanted = supposed.read_changes(levers, changes)
        own = int(customers.labels[customers.at(customer_id)])
        idle = None
        if self._has_orders:
            wanted = {lever.name: wanted.get(lever.name, lever.value) for lever in levers}
            wanted |= {name: int(wanted[name]) for name in ("orders", "days")}
            trials = [
                Trial(wanted["days"], n, amount=wanted["amount"]) for n in (wanted["orders"], 0)
            ]
            found, _ = self._tried([customer_id], trials)
            then, idle = (self._outcome(found[customer_id, number]) for number in (0, 1))
        else:
            then = self._outcome(
                Outcome(supposed.changed_row(customers, customer_id, wanted), None)
            )
        now = self._outcome(Outcome(own, self.customer(customer_id).get("value")))
        return {
            "customer_id": customer_id,
            "changes": wanted,
            "now": now,
            "then": then,
            "idle": idle,
            "text": supposed.sentence(now["segment"], then["segment"], idle and idle["segment"]),
        }

    def _levers(self, customer_id: str) -> list[supposed.Lever]:
        self.customers.at(customer_id)
        if not self._has_orders:
            return supposed.column_levers(self.customers, customer_id)
        _, usual = self._tried([customer_id], [Trial(1)])
        return supposed.order_levers(usual[customer_id] / MICROS, self.customers.currency)

    def _outcome(self, found: Outcome) -> dict[str, Any]:
        return {"segment": self.customers.segment(found.segment), "value": found.value}

    @property
    def _has_orders(self) -> bool:
        return self._released.features is not None and self._day is not None

    def _tried(
        self, customer_ids: Sequence[str], trials: Sequence[Trial]
    ) -> tuple[dict[tuple[str, int], Outcome], dict[str, float]]:
        what = self._engine, self._released, self._data
        return score_again(*what, customer_ids, trials, as_of=self._day or 0)

    def sql(self, dialect: str = "duckdb", *, rules: bool = False) -> str:
        """Return one SQL statement that places every customer as this run does.

        Parameters
        ----------
        dialect : str
            duckdb, postgres, spark, bigquery or snowflake.
        rules : bool, default False
            Place by the rules instead, which only approximate the segments.

        Returns
        -------
        str
            It reads the canonical tables.

        Raises
        ------
        ParameterError
            If the dialect is not known, or the model cannot be written as SQL.
        NotReadyError
            If rules are asked for and there are none.
        """
        if not rules:
            return assignment_sql(self._released, dialect, as_of=self._day)
        found = self._rules_file["rules"]
        made = Rules.from_dict(found) if found else None
        return rules_sql(self._released, made, dialect, as_of=self._day)

    def _changed(self, customer_id: str, target: int | None) -> dict[str, Any]:
        customers = self.customers
        own = int(customers.labels[customers.at(customer_id)])
        numbers = range(self._released.model.n_segments) if target is None else [target]
        targets = [number for number in numbers if number != own]
        change = changes.smallest_change(customers, customer_id, targets)
        return {
            "customer_id": customer_id,
            "segment": customers.segment(own),
            "action": [{"feature": f, "value": v} for f, v in change.values] if change else None,
            "reaches": customers.segment(change.segment) if change else None,
            "text": changes.sentence(customers, customer_id, change),
        }

    def _acted(
        self, customer_id: str, tries: Sequence[actions.Action], target: int | None
    ) -> dict[str, Any]:
        customers = self.customers
        own = int(customers.labels[customers.at(customer_id)])
        tried = [action for action in tries if target in {None, action.segment}]
        found = actions.cheapest(tried, own, self._values)
        names = [(customers.segment(i) or {})["name"] for i in range(len(self._released.ids))]
        best = own != NOISE and self._values[own] == max(self._values)
        text = actions.sentence(found, names, customers.currency)
        return {
            "customer_id": customer_id,
            "segment": customers.segment(own),
            "action": {"orders": found.orders, "amount": found.amount, "days": found.days}
            if found
            else None,
            "reaches": customers.segment(found.segment) if found else None,
            "idle": customers.segment(found.idle_segment) if found else None,
            "text": "They are in the segment of the highest expected value." if best else text,
        }

    @cached_property
    def _released(self) -> Released:
        return Released.from_dict(
            read_json(self.folder / "model.json"), read_json(self.folder / "matrix.json")
        )

    @cached_property
    def _rules_file(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self.folder / "rules.json")
        return found

    @property
    def _day(self) -> int | None:
        return to_day(date.fromisoformat(self.as_of)) if self.as_of else None

    @property
    def _data(self) -> Path:
        return self.folder.parents[1] / "data" / str(self.manifest.get("data", ""))

    @cached_property
    def _engine(self) -> DuckDB:
        return DuckDB(threads=1)

    @cached_property
    def _values(self) -> list[float]:
        ids = self._released.ids
        spent = {
            ids.index(one["id"]): one["value_share"] / one["share"]
            for one in self.segments
            if one["id"] in ids and one["value_share"] is not None
        }
        frame = self.table("features")
        frame = frame.filter(pa.compute.equal(frame.column("status"), "ok"))
        return actions.expected_values(len(ids), self.customers.labels, frame, spent)

    @cached_property
    def customers(self) -> reasons.Customers:
        """What the run knows of its customers, in the columns that its model reads."""
        released = self._released
        frame = read_known(self.folder, self._data, released.matrix.sources, self._day)
        units = {a.name: "date" if a.kind == "date" else a.unit for a in released.attributes}
        if released.features is not None:
            units |= {feature.name: feature.unit for feature in released.features.features}
        currency = self.manifest["settings"].get("project", {}).get("currency", "")
        named = {one["id"]: one["name"] for one in self.segments}
        return reasons.Customers(released, frame, named, units, currency)
