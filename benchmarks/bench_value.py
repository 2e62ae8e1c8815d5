"""Whether RFM scores treat equals alike, and customer value meets the literature."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.figures import Outcome, at_most, figure
from coterie.features.rfm import NAMES, RfmScores
from coterie.features.value import ValueModel

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")
DAYS_A_WEEK = 7
PUBLISHED = {
    "r": 0.2426,
    "alpha": 4.4135 * DAYS_A_WEEK,
    "a": 0.7929,
    "b": 2.4258,
    "p": 6.249,
    "q": 3.745,
    "v": 15.448,
}
"""Fader, Hardie, Lee (2005) and Fader, Hardie (2013), as rebuilt from the data."""


@figure("Q13")
def equal_customers() -> Outcome:
    """Count customers of CDNOW who share a value with another but not its score."""
    table = pd.read_csv(DATA / "cdnow" / "cdnow_master.csv.gz")
    one = table.groupby("customer_id")
    last = pd.to_datetime(one.date.max().astype(str))
    values = np.column_stack(
        [(last.max() - last).dt.days, one.date.nunique(), one.dollar_value.sum()]
    )
    shuffled = values[np.random.default_rng(0).permutation(len(values))]
    scores = RfmScores.fit(*shuffled.T).score(*values.T)
    unequal = sum(
        int((column.groupby("value").score.transform("nunique") > 1).sum())
        for column in (
            pd.DataFrame({"value": values[:, i], "score": scores[:, i]}) for i in range(len(NAMES))
        )
    )
    return Outcome(
        "RFM of the CDNOW master, fitted in shuffled order; customers with an equal's other score",
        (at_most("unequal scores", unequal, 0),),
    )


@figure("Q14")
def published_value() -> Outcome:
    """Compare the parameters of both models on CDNOW with the published ones."""
    table = pd.read_csv(DATA / "cdnow" / "cdnow_summary.csv.gz")
    model = ValueModel.fit(
        table.x, table.t_x * DAYS_A_WEEK, table["T"] * DAYS_A_WEEK, table.zbar, horizon_days=273
    )
    worst = max(abs(getattr(model, name) / value - 1) for name, value in PUBLISHED.items())
    # An order's density in days is a seventh of that in weeks.
    in_weeks = model.diagnostics["log_likelihood_orders"] + table.x.sum() * np.log(DAYS_A_WEEK)
    in_money = model.diagnostics["log_likelihood_spend"]
    return Outcome(
        "published weekly summary of the CDNOW sample (orders of value 0 count), 2,357 customers",
        (
            at_most("largest relative difference of a parameter", worst, 5e-4),
            at_most("log-likelihood of orders, difference", abs(in_weeks + 9582.43), 0.01),
            at_most("log-likelihood of spend, difference", abs(in_money + 4055.92), 0.01),
        ),
    )
