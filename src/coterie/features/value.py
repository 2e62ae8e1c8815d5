"""Customer value: what a customer is expected to spend within the horizon.

BG/NBD gives the orders, Gamma-Gamma the money of one, and both are plain numbers: the
fitted model is eight figures, and the same formula runs in numpy and as portable SQL.
Mean spend is taken over repeat orders only, as the model is fitted; a mean that is
not above zero stays out of the fit and counts as orders without money in scoring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.threads import one_thread
from coterie.features.value_fit import HIGHEST, LOWEST, fit_purchases, fit_spend
from coterie.features.value_orders import MAX_EXPONENT, Purchase, active_orders, plan
from coterie.features.value_sql import Spend, value_select
from coterie.features.windows import MIN_VALUE_DAYS

Floats = NDArray[np.float64]

MIN_REPEAT_BUYERS = 100
MIN_HISTORY_DAYS = MIN_VALUE_DAYS
MAX_HORIZON_DAYS = 730
_PARAMETERS = ("r", "alpha", "a", "b", "p", "q", "v")


@dataclass(frozen=True)
class ValueModel:
    """A fitted customer-value model. Times are days, money is in units of the currency.

    Parameters
    ----------
    r, alpha, a, b : float
        BG/NBD: orders of an active customer come at a rate from Gamma(r, alpha), with
        alpha in days; after each she leaves with a probability from Beta(a, b).
    p, q, v : float
        Gamma-Gamma: money of an order from Gamma(p, nu), with nu from Gamma(q, v).
    horizon_days : int
        Days ahead.
    n, n_repeat : int
        Customers of the fit, and those whose mean repeat spend was fitted.
    terms : int
        Terms of the series for the expected orders, enough for 1e-9.
    diagnostics : dict of str to float
        ``log_likelihood_orders``, ``log_likelihood_spend``, ``spend_left_out`` (repeat
        buyers whose mean spend is not above 0), ``spend_mean_bounded`` (1 if the
        likelihood asked for an infinite or absurd mean spend and the model's mean was
        set to the observed mean), ``orders_at_bound`` (1 if the likelihood has no finite
        maximum, as in data in which nobody seems to leave) and ``series_reach`` (largest
        h / (alpha + T + h) that the series serves; 1 if it serves all customers).

    Examples
    --------
    >>> model = ValueModel(r=0.243, alpha=30.9, a=0.793, b=2.426, p=6.25, q=3.74, v=15.4,
    ...                    horizon_days=90)
    >>> model.expected_orders([2], [213], [272]).round(3).tolist()
    [0.453]
    """

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    v: float
    horizon_days: int
    n: int = 0
    n_repeat: int = 0
    terms: int = 0
    diagnostics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bad = [name for name in _PARAMETERS if not 0 < getattr(self, name) < np.inf]
        if bad:
            raise ParameterError(f"{bad[0]}={getattr(self, bad[0])}.", allowed="Above 0, finite.")
        if self.q <= 1:
            raise ParameterError(f"q={self.q}.", allowed="Above 1, or the mean is infinite.")
        if not 1 <= self.horizon_days <= MAX_HORIZON_DAYS:
            raise ParameterError(
                f"horizon_days={self.horizon_days}.", allowed=f"1 to {MAX_HORIZON_DAYS} days."
            )
        if not self.terms:
            object.__setattr__(self, "terms", plan(self._purchase).terms)

    @classmethod
    def fit(
        cls, x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike, zbar: ArrayLike, *, horizon_days: int
    ) -> Self:
        """Fit both models by maximum likelihood.

        Parameters
        ----------
        x : array, shape (n,)
            Repeat orders: days with orders less 1, whole numbers.
        t_x, tenure : arrays, shape (n,)
            Days from the first order to the last, and to the last day seen.
        zbar : array, shape (n,)
            Mean money of a repeat order; not used where ``x`` is 0.
        horizon_days : int
            Days ahead, 1 to 730.

        Returns
        -------
        ValueModel
            The same for any order of the rows.

        Raises
        ------
        NotReadyError
            With fewer than 100 repeat buyers of positive spend, or 90 days of history.
        DataError
            If the arrays differ in length, or a value is impossible.
        """
        orders, last, age = _checked(x, t_x, tenure)
        money = _checked_money(zbar, orders)
        spent = (orders > 0) & (money > 0)
        _require(int(spent.sum()), age)
        with one_thread():  # the same bytes whatever the machine
            (r, alpha, a, b), purchases = fit_purchases(orders, last, age)
            (p, q, v), spend, bounded = fit_spend(orders[spent], money[spent])
        way = plan(Purchase(float(r), float(alpha), float(a), float(b), horizon_days))
        return cls(
            r=float(r),
            alpha=float(alpha),
            a=float(a),
            b=float(b),
            p=float(p),
            q=float(q),
            v=float(v),
            horizon_days=horizon_days,
            n=int(orders.size),
            n_repeat=int(spent.sum()),
            terms=way.terms,
            diagnostics={
                "log_likelihood_orders": purchases,
                "log_likelihood_spend": spend,
                "spend_left_out": float((orders > 0).sum() - spent.sum()),
                "spend_mean_bounded": float(bounded),
                "orders_at_bound": float(
                    min(r, a, b) < LOWEST * 1.01 or max(r, a, b) > HIGHEST * 0.99
                ),
                "series_reach": way.reach,
            },
        )

    @property
    def _purchase(self) -> Purchase:
        return Purchase(self.r, self.alpha, self.a, self.b, self.horizon_days)

    @property
    def mean_spend(self) -> float:
        """Money expected of one order of a customer without repeat orders."""
        return self.p * self.v / (self.q - 1)

    def probability_alive(self, x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike) -> Floats:
        """Return the probability that each customer is still active.

        It is 1 for a customer with one order, who had no chance to leave in this model:
        use "no order within the horizon" for churn.

        Parameters
        ----------
        x, t_x, tenure : arrays, shape (n,)
            Repeat orders, days from the first order to the last, and to the end, as in ``fit``.

        Returns
        -------
        float64 array, shape (n,)
            Between 0 and 1.

        References
        ----------
        Fader, Hardie, Lee (2008). Computing P(alive) using the BG/NBD model.
        """
        orders, last, age = _checked(x, t_x, tenure)
        log_odds = (self.r + orders) * np.log((self.alpha + age) / (self.alpha + last))
        odds = self.a / (self.b + np.maximum(orders, 1.0) - 1.0)
        odds = odds * np.exp(np.minimum(MAX_EXPONENT, log_odds))
        return np.asarray(1.0 / (1.0 + np.where(orders > 0, odds, 0.0)))

    def probability_of_order(self, x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike) -> Floats:
        """Return the probability of at least one order of each customer in the horizon.

        Its complement is churn, "no order within the horizon". Of a customer who is still
        active, no order means none at her rate, whose distribution after x repeat orders in
        T days is Gamma(r + x, alpha + T); so it is well below 1 for one-time buyers too.

        Parameters
        ----------
        x, t_x, tenure : arrays, shape (n,)
            Repeat orders, days from the first order to the last, and to the end, as in ``fit``.

        Returns
        -------
        float64 array, shape (n,)
            Between 0 and 1.

        Examples
        --------
        >>> model = ValueModel(r=0.243, alpha=30.9, a=0.793, b=2.426, p=6.25, q=3.74, v=15.4,
        ...                    horizon_days=90)
        >>> model.probability_of_order([0, 2], [0, 213], [272, 272]).round(3).tolist()
        [0.061, 0.321]
        """
        orders, _, age = _checked(x, t_x, tenure)
        known = self.alpha + age
        none = np.exp(-(self.r + orders) * np.log1p(self.horizon_days / known))
        return np.asarray(self.probability_alive(x, t_x, tenure) * (1.0 - none))

    def expected_orders(self, x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike) -> Floats:
        """Return the expected orders (days with orders) of each customer in the horizon.

        Parameters
        ----------
        x, t_x, tenure : arrays, shape (n,)
            Repeat orders, days from the first order to the last, and to the end, as in ``fit``.

        Returns
        -------
        float64 array, shape (n,)
            At least 0.

        References
        ----------
        Fader, Hardie, Lee (2005), equation 10; the way it is computed is ours
        (``value_orders``) and has no pole at a = 1.
        """
        orders, _, age = _checked(x, t_x, tenure)
        alive = self.probability_alive(x, t_x, tenure)
        return np.asarray(alive * active_orders(self._purchase, orders, age))

    def expected_spend(
        self, x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike, zbar: ArrayLike
    ) -> Floats:
        """Return the expected money of each customer in the horizon.

        Parameters
        ----------
        x, t_x, tenure, zbar : arrays, shape (n,)
            As in ``fit``. A mean below 0 counts as 0.

        Returns
        -------
        float64 array, shape (n,)
            In the unit of ``zbar``.
        """
        orders = np.asarray(x, dtype=np.float64)
        money = np.where(orders > 0, np.maximum(np.asarray(zbar, dtype=np.float64), 0.0), 0.0)
        average = self.p * (self.v + orders * money) / (self.p * orders + (self.q - 1))
        return np.asarray(self.expected_orders(x, t_x, tenure) * average)

    def sql_select(
        self,
        relation: str,
        *,
        as_of: int,
        keep: Sequence[str] = ("customer_id",),
        column: str = "clv",
    ) -> str:
        """Return a portable SELECT of the expected spend over the integer measures.

        Parameters
        ----------
        relation : str
            Table with ``first_day``, ``last_day``, ``order_days``, ``net`` and
            ``first_day_net`` (micros) before ``as_of``, one row a customer.
        as_of : int
            Day (since 1970-01-01) at which the horizon begins.
        keep : sequence of str
            Columns to hand on.
        column : str
            Name of the added column: money in units, NULL without orders.

        Returns
        -------
        str
            A complete SELECT with named steps (WITH), so that no parser recurses deep.
        """
        spend = Spend(self.p, self.q, self.v)
        return value_select(
            self._purchase, spend, relation, as_of=as_of, keep=tuple(keep), column=column
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain JSON; floats come back exactly."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"kind": "bgnbd-gammagamma", **plain, "diagnostics": dict(self.diagnostics)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the model again from ``to_dict``.

        Raises
        ------
        DataError
            If a part is missing or unknown.
        """
        given = {name: value for name, value in data.items() if name != "kind"}
        if {item.name for item in fields(cls)} != set(given):
            raise DataError(f"This is no value model: it has the parts {sorted(given)}.")
        return cls(**given)


def _checked(x: ArrayLike, t_x: ArrayLike, tenure: ArrayLike) -> tuple[Floats, Floats, Floats]:
    orders, last, age = (np.asarray(values, dtype=np.float64) for values in (x, t_x, tenure))
    if not orders.shape == last.shape == age.shape or orders.ndim != 1:
        raise DataError(
            f"x, t_x and tenure have the shapes {orders.shape}, {last.shape}, {age.shape}."
        )
    possible = (orders >= 0) & (orders == np.floor(orders)) & (last >= 0) & (last <= age)
    bad = int((~(possible & np.isfinite(age) & np.isfinite(orders))).sum())
    if bad:
        raise DataError(
            f"{bad:,} of {orders.size:,} customers have impossible order times.",
            allowed="x is a whole number from 0, and 0 <= t_x <= tenure, in days.",
        )
    return orders, last, age


def _checked_money(zbar: ArrayLike, orders: Floats) -> Floats:
    money = np.asarray(zbar, dtype=np.float64)
    if money.shape != orders.shape:
        raise DataError(f"zbar has shape {money.shape}, x has {orders.shape}.")
    if not np.isfinite(money[orders > 0]).all():
        raise DataError("zbar holds values that are not finite.", hint="Leave those rows out.")
    return money


def _require(buyers: int, tenure: Floats) -> None:
    days = int(tenure.max()) + 1 if tenure.size else 0
    missing = []
    if buyers < MIN_REPEAT_BUYERS:
        missing.append(f"{buyers:,} repeat buyers with positive spend; {MIN_REPEAT_BUYERS} needed")
    if days < MIN_HISTORY_DAYS:
        missing.append(f"{days:,} days of history; {MIN_HISTORY_DAYS} needed")
    if missing:
        raise NotReadyError(
            f"Too little data for customer value: there are {', and '.join(missing)}.",
            hint="Segments are made from recency, frequency and money alone.",
        )
