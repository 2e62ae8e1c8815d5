"""The same as a page: ``streamlit run streamlit_app.py``. Streamlit has to be installed for it.

Run by Python alone, it prints the segments of ``orders.csv``.
"""

from __future__ import annotations

import sys
from typing import Any

import coterie


def rows(run: coterie.Run) -> list[dict[str, Any]]:
    """Return the segments of a run as they are shown."""
    names = ("name", "n", "share", "value_share", "description")
    return [{name: segment[name] for name in names} for segment in run.segments]


def members(run: coterie.Run, name: str) -> str:
    """Return the ids of a segment's customers, one a line."""
    (mine,) = (segment["id"] for segment in run.segments if segment["name"] == name)
    placed = run.table("assignments").to_pylist()
    return "\n".join(row["customer_id"] for row in placed if row["segment_id"] == mine)


def page(st: Any) -> None:
    """Draw the page: a file comes in, segments and lists of customers go out."""
    import pandas as pd

    st.title("Who are my customers?")
    if file := st.file_uploader("Orders, a line each", type="csv"):
        run = coterie.segment(pd.read_csv(file))
        st.dataframe(rows(run))
        name = st.selectbox("List the customers of", [row["name"] for row in rows(run)])
        st.download_button("Download", members(run, name), f"{name}.txt")


if __name__ == "__main__":
    if "streamlit" in sys.modules:  # it runs this file
        page(sys.modules["streamlit"])
    else:
        found = coterie.segment("orders.csv")
        for row in rows(found):
            print(row["name"], row["n"], len(members(found, row["name"]).splitlines()))
