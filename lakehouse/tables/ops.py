"""Tables of how the lakehouse itself is doing."""

from __future__ import annotations

from lakehouse.tables.table import BOOLEAN, DATE, DOUBLE, INT, LONG, STRING, TIMESTAMP, table

__all__ = [
    "runs",
    "files",
    "landed",
    "quality_results",
    "conservation",
    "daily_mix",
    "drift",
    "model_evaluations",
]

runs = table(
    "ops",
    "runs",
    "What jobs did on a laptop; on Databricks the page Jobs knows.",
    [
        ("run_id", STRING, "one run of a job on a laptop"),
        ("task", STRING, "task of the run; silver / update_events is one of the job silver, which the job ran"),
    ],
    [
        ("job", STRING, "the job"),
        ("job_state", STRING, "how the run ended: SUCCESS, SUCCESS_WITH_FAILURES or FAILED; the same in all its rows"),
        ("job_started_at", TIMESTAMP, "when the run started, UTC; the same in all its rows"),
        ("job_seconds", DOUBLE, "how long the run took; the same in all its rows"),
        ("state", STRING, "how the task ended: SUCCESS, FAILED, UPSTREAM_FAILED or EXCLUDED"),
        ("attempts", INT, "how often it was tried; 0: it was skipped"),
        ("started_at", TIMESTAMP, "when its first attempt started, UTC; null: it was skipped"),
        ("seconds", DOUBLE, "over all attempts, with the waits between them"),
        ("error", STRING, "why its last attempt failed, in one line; null: it did not"),
    ],
    cluster_by=("job_started_at",),
)

files = table(
    "ops",
    "files",
    "Every file that lay in a folder for purchases or records, whether it was taken, and why not.",
    [("file", STRING, "where it lies; what is no printable text in its name is escaped")],
    [
        ("source", STRING, "purchases, or the topic in whose landing folder it lies; landing: in none's"),
        ("state", STRING, "taken, waiting (not whole yet), refused, ignored (hidden) or gone"),
        ("reason", STRING, "why it was not taken; null: it was, or it is gone"),
        ("file_hash", STRING, "SHA-256 of the content that counts, which may be an earlier one; null: none does yet"),
        ("num_rows", LONG, "rows of that content; null: none counts yet"),
        ("size", LONG, "bytes of the file as it was last looked at"),
        ("changed_ns", LONG, "when that had last changed, nanoseconds since 1970"),
        ("judged_at", TIMESTAMP, "when state and reason were found, UTC"),
    ],
    is_followed=True,
)

landed = table(
    "ops",
    "landed",
    "Contents of landing files, each once, and the number that stands for each in bronze.",
    [
        ("topic", STRING, "topic whose records they are"),
        ("number", INT, "ascends; in bronze the partition of its lines is minus this"),
    ],
    [
        ("file_hash", STRING, "SHA-256 of the file without its compression"),
        ("file", STRING, "where it lay when it was read, see ops.files"),
        ("num_rows", LONG, "lines that are not empty"),
        ("landed_at", TIMESTAMP, "when it was read, UTC"),
    ],
)

quality_results = table(
    "ops",
    "quality_results",
    "What the quality gates checked, and whether it held.",
    [
        ("run_id", STRING, "one check of one table"),
        ("table_name", STRING, "table that was checked; of an account, ops.conservation and the bronze table"),
        ("expectation", STRING, "what was expected, with its columns"),
    ],
    [
        ("severity", STRING, "critical or warning"),
        ("passed", BOOLEAN, "whether it held"),
        ("observed", STRING, "what was seen instead"),
        ("num_rows", LONG, "rows that were checked"),
        ("table_version", LONG, "Delta version that was checked"),
        ("checked_at", TIMESTAMP, "when, UTC"),
    ],
    cluster_by=("run_id",),
)

conservation = table(
    "ops",
    "conservation",
    "Accounts of bronze: how many records were looked at, and what became of them on the way to silver.",
    [("versions", STRING, "versions of the bronze table, of the quarantine and of the silver table at that time")],
    [
        ("source", STRING, "the bronze table"),
        ("records", LONG, "records that came since the last account without loss, or whose place has changed"),
        ("added", LONG, "of these, records with which a row came into silver"),
        ("repeated", LONG, "of these, records of what silver has from another, or had before"),
        ("refused", LONG, "of these, records in quarantine"),
        ("lost", LONG, "of these, records in neither"),
        ("example", STRING, "position of a record that is lost; null: none is"),
        ("counted_at", TIMESTAMP, "when, UTC"),
    ],
    cluster_by=("versions",),
)

daily_mix = table(
    "ops",
    "daily_mix",
    "How the events of a day divide by type, device and hour.",
    [
        ("stream", STRING, "listening or shop"),
        ("feature", STRING, "what events are counted by, such as type, device or hour (UTC)"),
        ("value", STRING, "value of the feature; of rare ones there is one sum"),
        ("day", DATE, "UTC day"),
    ],
    [("num_events", LONG, "events of the day with that value")],
    cluster_by=("day",),
)

drift = table(
    "ops",
    "drift",
    "How far the events of a day are from those of the 28 days before it.",
    [
        ("stream", STRING, "listening or shop"),
        ("feature", STRING, "what was compared, such as type, device or hour (UTC)"),
        ("day", DATE, "UTC day of the events"),
    ],
    [
        ("psi", DOUBLE, "population stability index of the day against the 28 days before it"),
        ("psi_by_chance", DOUBLE, "what it is on average where nothing has shifted, with so few events"),
        ("level", STRING, "stable (psi below .1), moderate (below .25) or major"),
        ("num_events", LONG, "events of the day"),
        ("num_reference", LONG, "events of the 28 days before it"),
        ("num_values", LONG, "values of the feature on these days"),
    ],
    cluster_by=("day",),
)

model_evaluations = table(
    "ops",
    "model_evaluations",
    "What trainings and comparisons measured of each model.",
    [
        ("run_id", STRING, "MLflow run"),
        ("model", STRING, "what was evaluated, such as als or popularity"),
        ("metric", STRING, "such as ndcg_at_10"),
    ],
    [
        ("value", DOUBLE, "mean over users"),
        ("standard_error", DOUBLE, "standard error of that mean"),
        ("num_users", LONG, "users measured"),
        ("split", STRING, "how train and test were divided"),
        ("model_version", STRING, "version of the registered model"),
        ("evaluated_at", TIMESTAMP, "when, UTC"),
    ],
)
