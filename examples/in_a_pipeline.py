"""Use the segmenter as a step of a scikit-learn pipeline, and place customers it has never seen."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from coterie import Segmenter


def main() -> None:
    """Fit on one half of the customers and place the other half."""
    spend_and_visits = np.random.default_rng(0).lognormal(sigma=1.0, size=(1_000, 2))
    pipeline = make_pipeline(
        FunctionTransformer(np.log1p), StandardScaler(), Segmenter(n_segments=4, random_state=0)
    )
    pipeline.fit(spend_and_visits[:500])
    placed = pipeline.predict(spend_and_visits[500:])
    print("Customers in each segment:", np.bincount(placed, minlength=4).tolist())


if __name__ == "__main__":
    main()
