"""Commands of the model side: `evaluate`, `tune`, and `models` with its `rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gold.judging.metrics import Scores

SplitName = Literal["time", "global-time", "per-user-time", "leave-last-out", "random"]
SHOWN = {"nDCG": "ndcg", "MAP": "map", "recall": "recall", "MRR": "mrr", "coverage": "coverage", "Gini": "gini"}

models = typer.Typer(help="The versions of the served recommender: list them, or go back to the one before.")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(evaluate)
    app.command()(tune)
    app.add_typer(models, name="models", invoke_without_command=True)


def evaluate(
    split: Annotated[
        SplitName,
        typer.Option(
            help="time: at one point in time, or each user's newest quarter where few users lie on both sides of it; "
            "random: as published benchmarks do, higher than anybody sees in service."
        ),
    ] = "time",
) -> None:
    """Measure every kind of recommender on the same split of your engagement.

    Popularity, item-kNN, EASE and ALS on one node stand beside what the settings ask for (als_engine, als_rank, ...).
    Each is a nested MLflow run.
    """
    from rich.console import Console

    from gold.judging.rules import CONFIDENCE_95
    from gold.listening.comparison import candidates, compare
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from reclake.report import table_of

    console = Console()
    settings = load_settings()
    with Lakehouse(settings) as lake, console.status("Starting Spark ...") as status:
        found = compare(lake, candidates(settings), split, lambda what: status.update(f"Fitting {what} ..."))
    rows = [(str(one.configuration), *_cells(one.scores)) for one in found.measured]
    users = int(found.measured[0].scores["num_users"][0])
    console.print(table_of(f"The best 10 for {users:,} users, split {split}", ("recommender", *SHOWN), rows, [*SHOWN]))
    mixes = [
        (segment, mix, f"{value:.3f} ± {CONFIDENCE_95 * error:.3f}", f"{number:,}")
        for segment, mix, value, error, number in (found.mixes.table() if found.mixes else [])
    ]
    title = (
        "Listening (what the settings ask for), text and popularity, on users that the weights were not learned from"
    )
    console.print(table_of(title, ("items", "mix", "nDCG", "users"), mixes, ("nDCG", "users")))
    console.print("± is half a 95 % confidence interval over users.", style="dim")


def tune(
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials to add to the search; else the setting tuning_trials.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="No trial begins after that time.")] = None,
) -> None:
    """Search for a better configuration; the best one becomes the challenger that the next training judges.

    Searched are engine, rank, regularization, alpha, half-lives, popularity's share and event weights, on data older
    than the window that judges. On the same data, a search goes on where the last one ended.
    """
    from rich.console import Console

    from gold.listening.tuning import search
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings
    from reclake.report import table_of

    console = Console()
    settings = load_settings()
    with Lakehouse(settings) as lake, console.status("Starting Spark ...") as status:
        done = search(
            lake,
            trials or settings.tuning_trials,
            None if minutes is None else minutes * 60,
            lambda number, best: status.update(f"{number} trials so far, the best has nDCG@10 {best:.4f} ..."),
        )
    best = sorted(done.scores, key=lambda found: found[1], reverse=True)[:10]
    rows = [(number, str(one), f"{score:.4f}") for number, (one, score) in enumerate(best, 1)]
    console.print(table_of("The best trials", ("#", "configuration", "nDCG@10"), rows, ("#", "nDCG@10")))
    given_up = f"{done.given_up} of {len(done.scores) + done.given_up} trials were given up early."
    if done.version is None:
        console.print(f"{given_up} Nothing was better than the champion's configuration.")
    else:
        console.print(f"{given_up} Version {done.version} is the challenger: the next training (job gold) judges it.")


@models.callback()
def list_models(context: typer.Context) -> None:
    """List the versions of the served recommender, newest first."""
    if context.invoked_subcommand:
        return
    from rich.console import Console

    from gold.listening.registered import recommenders
    from lakehouse.settings import load_settings
    from reclake.report import table_of

    settings = load_settings()
    rows = [
        (v.number, ", ".join(v.aliases), str(v.configuration), f"{v.score:.3f}", str(v.trained_until), v.verdict)
        for v in recommenders(settings).versions()
    ]
    columns = ("version", "alias", "configuration", "nDCG@10", "data until", "verdict")
    Console().print(table_of(f"Versions of {settings.registered_model}", columns, rows, ("version", "nDCG@10")))


@models.command()
def rollback() -> None:
    """Let the version before the champion serve again.

    Its factors are written back; run the jobs gold, recommend and export to recommend from them. The next training
    with news refits its configuration.
    """
    from rich.console import Console

    from gold.listening.training import roll_back
    from lakehouse.lake import Lakehouse
    from lakehouse.settings import load_settings

    console = Console()
    with Lakehouse(load_settings()) as lake, console.status("Writing back the factors ..."):
        back = roll_back(lake)
    console.print(
        f"Version {back.number} is champion again ({back.configuration}). To serve it: "
        "uv run reclake run gold, uv run reclake run recommend, then uv run reclake run export.",
        highlight=False,
        soft_wrap=True,
    )


def _cells(scores: Scores) -> Iterator[str]:
    from gold.judging.rules import CONFIDENCE_95

    for metric in SHOWN.values():
        value, error = scores[f"{metric}_at_10"]
        yield f"{value:.3f}\n±{CONFIDENCE_95 * error:.3f}" if error else f"{value:.3f}"
