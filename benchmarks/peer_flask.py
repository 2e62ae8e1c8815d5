"""What people write: a pickled pipeline behind Flask, a data frame for each request."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
from flask import Flask, jsonify, request

PIPELINE = pickle.loads(Path(os.environ["PEER_PIPELINE"]).read_bytes())
app = Flask(__name__)


@app.post("/predict")
def predict() -> Any:
    """Answer one row."""
    rows = pd.DataFrame(request.get_json()["rows"])
    return jsonify([int(label) for label in PIPELINE.predict(rows)])
