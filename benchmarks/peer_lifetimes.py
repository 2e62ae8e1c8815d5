"""The peer of S9, run by a Python of its own: lifetimes' BG/NBD fitted and scored once.

Called with a file of ``x``, ``t_x``, ``tenure`` and the days ahead; prints JSON.
"""

import json
import sys
import time

import numpy as np
from lifetimes import BetaGeoFitter

given = np.load(sys.argv[1])
x, t_x, tenure = given["x"], given["t_x"], given["tenure"]
start = time.perf_counter()
model = BetaGeoFitter().fit(x, t_x, tenure)
told = model.conditional_expected_number_of_purchases_up_to_time(float(sys.argv[2]), x, t_x, tenure)
seconds = time.perf_counter() - start
np.save(sys.argv[3], np.asarray(told))
print(json.dumps({"seconds": seconds, **{k: float(v) for k, v in model.params_.items()}}))
