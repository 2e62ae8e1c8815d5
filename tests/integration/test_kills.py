"""Killed at every write, rename and commit: nothing half-written, and the next run mends all."""

import json
import subprocess
import sys
from pathlib import Path

DRIVER = """
import hashlib, json, os, sys
from pathlib import Path
from coterie.config import make_settings
from coterie.pipeline import run

root, table = Path(sys.argv[1]), Path(sys.argv[2])
settings = make_settings(
    {"sources": {"customers": {"file": str(table), "key": "id"}}, "segmentation": {"k": 2}}
)

def in_child(folder, fault):
    # a fork saves loading the libraries anew for every point
    pid = os.fork()
    if pid == 0:
        if fault:
            os.environ["COTERIE_FAULT_AT"] = str(fault)
        run(settings, folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def found(folder):
    runs = sorted((folder / ".coterie" / "runs").iterdir())
    files = {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
             for r in runs for p in sorted(r.iterdir()) if p.name != "log.jsonl"}
    every = (p.name for p in (folder / ".coterie").rglob("*"))
    left = [name for name in every if ".tmp-" in name or ".partial" in name]
    return {"runs": [r.name for r in runs], "files": files, "left": left}

(root / "whole").mkdir()
assert in_child(root / "whole", 0) == 0
answer = {"whole": found(root / "whole"), "killed": []}
for point in range(1, 1000):
    folder = root / f"killed{point}"
    folder.mkdir()
    code = in_child(folder, point)
    if code == 0:
        break
    answer["killed"].append([code, in_child(folder, 0), found(folder)])
print(json.dumps(answer))
"""


def test_a_run_killed_at_any_point_is_mended_by_the_next(tmp_path: Path):
    table = tmp_path / "customers.csv"
    rows = [f"{i},{i % 7},{i * i % 5}" for i in range(60)]
    table.write_text("\n".join(["id,spend,visits", *rows]))
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), str(table)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert len(answer["killed"]) >= 30  # tables, texts, folders, registry
    for killed, again, found in answer["killed"]:
        assert (killed, again) == (137, 0)
        assert found == answer["whole"]
    assert answer["whole"]["left"] == []
