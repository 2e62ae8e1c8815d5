"""Whether attributes tell who leaves and who earns how much, and whether leaks are noticed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.figures import Outcome, at_least, at_most, figure
from coterie.features.matrix import Wanted
from coterie.prediction.labels import Target, target_of
from coterie.prediction.leakage import find_leaks
from coterie.prediction.proof import prove
from coterie.prediction.prospects import Task, nested
from coterie.prediction.scores import score
from coterie.schema import Attribute

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")


def task_of(table: pd.DataFrame, key: str, numbers: list[str], target: Target) -> Task:
    """Return the task of telling labels from the columns of a table, all but the key."""
    columns = [name for name in table.columns if name != key]
    frame = pa.table(
        {
            name: pa.array(
                table[name].astype(np.float64 if name in numbers else str), from_pandas=True
            )
            for name in columns
        }
    )
    wanted = [Wanted(c, kind="number" if c in numbers else "category") for c in columns]
    ids = table[key].astype(str).tolist()
    return Task.of(frame, wanted, target.labels, ids=ids, order=target.order)


def churn() -> Task:
    """Return who left the telephone company."""
    table = pd.read_csv(DATA / "telco_churn" / "telco_customer_churn.csv.gz")
    table["TotalCharges"] = pd.to_numeric(table.TotalCharges, errors="coerce")
    left = Target(tuple(table.pop("Churn")), ("No", "Yes"))
    return task_of(table, "customerID", ["tenure", "MonthlyCharges", "TotalCharges"], left)


def income(*, leak: bool = False) -> Task:
    """Return which third of the shop's customers each is in by income."""
    table = pd.read_csv(DATA / "segmentation_365" / "segmentation_data.csv.gz")
    column = pa.chunked_array([table.Income.astype(np.float64).to_numpy()])
    target = target_of(Attribute("Income", "number"), column, lambda value: f"{value:,.0f}")
    if not leak:
        del table["Income"]
    return task_of(table, "ID", ["Age", "Income"], target)


@figure("Q20")
def telco() -> Outcome:
    """Judge the whole way of choosing and fitting in ten folds."""
    task = churn()
    chances, _ = nested(task, n_folds=10)
    found = score(task.labels, chances)
    assert found.auc is not None
    return Outcome(
        "10-fold on 7,043 customers, 19 columns; in every fold the classifier is chosen, fitted "
        f"and calibrated on the other nine; Brier {found.brier / 2:.4f} (one class), expected "
        f"calibration error {found.ece:.4f}, log loss {found.log_loss:.4f}, accuracy "
        f"{found.accuracy:.4f}",
        (at_least("AUC", found.auc, 0.84),),
    )


@figure("Q21")
def income_third() -> Outcome:
    """Judge income thirds on an untouched fifth and by nested CV; put the alarm to a leak."""
    task = income()
    proof = prove(task, values=[0, 1, 2]).proof
    leaks = find_leaks(task, label="Income", scores=(proof.test, proof.nested))
    given = find_leaks(income(leak=True), label="Income")
    distance = proof.distance
    assert distance is not None
    return Outcome(
        f"{proof.n_train} customers to learn from, {proof.test.n} kept apart; {proof.recipe}; "
        f"majority {proof.majority.accuracy:.3f}, tree of four leaves {proof.simple.accuracy:.3f}; "
        f"on the test part macro F1 {proof.test.macro_f1:.3f}, Brier {proof.test.brier:.3f}, "
        f"calibration error {proof.test.ece:.3f}, MAE {distance.mae:.3f}, R² {distance.r2:.3f}",
        (
            at_least(
                "accuracy, untouched test part",
                proof.test.accuracy,
                0.62,
                interval=proof.test.accuracy_ci,
            ),
            at_least(
                "accuracy, nested cross-validation",
                proof.nested.accuracy,
                0.62,
                interval=proof.nested.accuracy_ci,
            ),
            at_most("false alarms", len(leaks), 0),
            at_least("alarms with Income itself among the fields", len(given), 1),
        ),
    )
