"""A process that has what MLflow and a model need, but neither RecLake nor Spark."""

import json
import subprocess
import sys
import sysconfig

import pandas as pd

from lakehouse.tracking import tracking_uri

_PROGRAM = """
import importlib.util, json, sys

class NoSpark:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pyspark":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

packages, tracking_uri, model, rows, answer, params = sys.argv[1:]
# By hand, so that the file that leads to the repository is not read.
sys.path.append(packages)
sys.meta_path.insert(0, NoSpark())
own = [name for name in ("gold", "lakehouse", "silver") if importlib.util.find_spec(name)]
assert not own, own

import mlflow
import pandas as pd

mlflow.set_tracking_uri(tracking_uri)
loaded = mlflow.pyfunc.load_model(model)
loaded.predict(pd.read_parquet(rows), params=json.loads(params)).to_parquet(answer)
"""


def predicted_elsewhere(settings, model, rows, folder, **params):
    """What a registered model answers there."""
    rows.to_parquet(folder / "rows.parquet")
    given = [sysconfig.get_path("purelib"), tracking_uri(settings), model]
    files = [folder / "rows.parquet", folder / "answer.parquet"]
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, *given, *files, json.dumps(params or None)],
        cwd=folder,
        check=True,
    )
    return pd.read_parquet(folder / "answer.parquet")
