"""Panels: a figure with its age, its table and its CSV; a store that is away takes its own panel along and no other."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from lakehouse.errors import NothingToServeError, RecLakeError
from lakehouse.services import no_document_store
from lakehouse.settings import load_settings
from serving.dashboard.charts import Drawing
from serving.reading.figure import Figure
from serving.reading.stores import Stores

log = logging.getLogger(__name__)

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_COMMAND = re.compile(r"`[\w ./:-]+`")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SHARED_SECONDS = 4
"""Whoever looks at the same figure within that time gets the same answer."""
_OFFERED_SECONDS = 60
"""What can be chosen is asked for less often: a document store may look through all that it has for it."""


@st.cache_resource(show_spinner=False)
def stores() -> Stores:
    """The stores that the settings name, opened once for the process."""
    return Stores(load_settings())


def say_where_served() -> None:
    """Say that recommendations are read from tables, where there is no document store."""
    if lacking := no_document_store(stores().settings):
        st.caption(f"{lacking}. What it would serve is read from tables.")


def live(figures: Callable[[], None]) -> None:
    """Draw `figures`, and again every few seconds, while filters and the place on the page stay as they are."""
    st.fragment(figures, run_every=stores().settings.dashboard_refresh_seconds)()


def ask(query: Callable[..., Any], *arguments: Any) -> Any:
    """Answer a query, from an answer that was given a moment ago if there is one.

    Raises
    ------
    RecLakeError
        The store is away or empty; the message is for the person who looks.
    """
    return _asked(f"{query.__module__}.{query.__qualname__}{arguments!r}", query, arguments)


def choices(key: str, query: Callable[[Stores], list[str]]) -> list[str]:
    """Name what a select box offers; what its key or the URL already names is among it, known or not."""
    found: list[str] = []
    guarded(lambda: found.extend(_offered(f"{query.__module__}.{query.__qualname__}", query)))
    return with_chosen(key, found)


def with_chosen(key: str, found: list[str]) -> list[str]:
    """Put what a key or the URL already names before what was found."""
    chosen = st.session_state.get(key) or st.query_params.get(key)
    return list(dict.fromkeys([*([chosen] if chosen else []), *found]))


@st.cache_data(ttl=_SHARED_SECONDS, max_entries=500, show_spinner=False)
def _asked(question: str, _query: Callable[..., Any], _arguments: tuple[Any, ...]) -> Any:
    return _answer(question, _query, _arguments)


@st.cache_data(ttl=_OFFERED_SECONDS, max_entries=20, show_spinner=False)
def _offered(question: str, _query: Callable[[Stores], list[str]]) -> Any:
    return _answer(question, _query)


def _answer(question: str, query: Callable[..., Any], arguments: tuple[Any, ...] = ()) -> Any:
    try:
        return query(stores(), *arguments)
    except RecLakeError:
        raise
    except Exception as error:
        log.exception("%s failed", question)
        raise RecLakeError(f"This figure could not be made ({type(error).__name__}); the log says why.") from error


def panel(
    title: str,
    query: Callable[..., Figure],
    *arguments: Any,
    draw: Callable[[pd.DataFrame], Drawing | None] | None = None,
    empty: str = "There is nothing to show yet.",
    about: str | None = None,
    columns: dict[str, Any] | None = None,
    key: str | None = None,
) -> pd.DataFrame | None:
    """Show the answer of a query under a title: as a chart, with the table behind it, or as a table.

    Parameters
    ----------
    draw : callable, optional
        Makes the chart; without, the table itself is shown.
    empty : str
        What to say when there are no rows.
    columns : dict, optional
        Streamlit's configuration of the table's columns; None hides one.

    Returns
    -------
    DataFrame, optional
        The rows that are shown; none if there are none.
    """
    key = key or re.sub(r"\W+", "-", title.lower())
    with st.container(key=f"panel-{key}", border=True, height="stretch"):
        st.markdown(f"##### {plain(title)}", help=about)
        try:
            figure: Figure = ask(query, *arguments)
        except RecLakeError as error:
            _say(error)
            return None
        if figure.rows.empty:
            st.info(empty, icon=":material/hourglass_empty:")
            _foot(figure, key)
            return None
        if draw is None:
            table(figure.rows, columns, key=f"{key}-table")
        elif (chart := draw(figure.rows)) is not None:
            st.altair_chart(chart, width="stretch", key=f"{key}-chart", alt=f"Chart: {title}. The table is below it.")
        _foot(figure, key, behind=draw is not None, columns=columns)
        return figure.rows


def table(
    rows: pd.DataFrame, columns: dict[str, Any] | None = None, key: str | None = None, height: Any = "auto"
) -> None:
    """Show rows: times in UTC, cells as text, however hostile."""
    shown = {name: _column(name, rows[name]) for name in rows.columns} | (columns or {})
    st.dataframe(rows, hide_index=True, column_config=shown, key=key, height=height, placeholder="-")


def listed(rows: pd.DataFrame, *columns: str) -> None:
    """List a few rows: their texts whole, numbers with two decimals; draws itself, as the `draw` of a panel.

    A grid, which can be sorted and searched, takes a browser longer and cuts what is wide.
    """
    shown = pd.DataFrame({name.replace("_", " "): rows[name].map(_cell) for name in columns})
    st.table(shown, hide_index=True, border="horizontal")


def guarded(draw: Callable[[], object]) -> None:
    """Draw what is no panel; say in one sentence when a store is away."""
    try:
        draw()
    except RecLakeError as error:
        _say(error)


def plain(text: str, most: int = 120) -> str:
    r"""Text that Markdown shows as it is, in its own direction of writing, and shortened.

    Examples
    --------
    >>> plain("<b>*")[1:-1]
    '\\<b\\>\\*'
    """
    one_line = "".join(one if one.isprintable() else " " for one in text)
    cut = one_line if len(one_line) <= most else one_line[: most - 1] + "…"
    return "\u2068" + _PUNCTUATION.sub(r"\\\1", cut) + "\u2069"


def csv_of(rows: pd.DataFrame) -> bytes:
    """Rows as CSV; a spreadsheet takes no cell for a formula."""
    safe = rows.copy()
    for name in safe.columns:
        if safe[name].dtype == object:
            safe[name] = [f"'{one}" if isinstance(one, str) and one.startswith(_FORMULA) else one for one in safe[name]]
    return safe.to_csv(index=False).encode()


def age(written_at: dt.datetime, now: dt.datetime | None = None) -> str:
    """How long ago something was, roughly.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1, 12, 0, tzinfo=dt.UTC)
    >>> age(at, at + dt.timedelta(seconds=200)), age(at, at + dt.timedelta(days=3))
    ('3 min ago', '3 days ago')
    """
    seconds = max(((now or dt.datetime.now(dt.UTC)) - written_at).total_seconds(), 0)
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3_600:
        return f"{seconds / 60:.0f} min ago"
    return f"{seconds / 3_600:.0f} h ago" if seconds < 172_800 else f"{seconds / 86_400:.0f} days ago"


def _foot(figure: Figure, key: str, *, behind: bool = False, columns: dict[str, Any] | None = None) -> None:
    """How old the figure is; its table, where that is not shown already, and its CSV."""
    said = [f"written {age(figure.written_at)}"] if figure.written_at else []
    said += [f"up to {figure.until:%b %d %H:%M}"] if figure.until else []
    said += [f"read {dt.datetime.now(dt.UTC):%H:%M:%S} UTC"]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(" · ".join(said), width="stretch")
        if figure.rows.empty:
            return
        if behind:
            with st.popover("Table", icon=":material/table_rows:", type="tertiary"):
                table(figure.rows, columns, key=f"{key}-behind")
        # As bytes, whose address stays while they do: that of a function is another after every refresh, and who clicks
        # in that moment would get nothing.
        st.download_button(
            "CSV",
            csv_of(figure.rows),
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"{key}-csv",
            on_click="ignore",
            icon=":material/download:",
            type="tertiary",
        )


def _say(error: RecLakeError) -> None:
    if isinstance(error, NothingToServeError):
        st.info(_sentence(str(error)), icon=":material/hourglass_empty:")
    else:
        st.warning(_sentence(str(error)), icon=":material/cloud_off:")


def _sentence(text: str) -> str:
    """A message of ours, in which commands stand between backticks, and which may quote what is not ours."""
    return "".join(
        part if number % 2 and _COMMAND.fullmatch(part) else plain(part, 400)
        for number, part in enumerate(re.split(r"(`[^`]*`)", text))
    )


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.2f}"
    return plain(value, 200) if isinstance(value, str) else value


def _column(name: str, values: pd.Series[Any]) -> Any:
    label = name.replace("_", " ")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        if name == "day":
            return st.column_config.DateColumn(label, format="YYYY-MM-DD")
        return st.column_config.DatetimeColumn(f"{label} (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC")
    if pd.api.types.is_float_dtype(values.dtype):
        return st.column_config.NumberColumn(label, format="%.3f")
    if pd.api.types.is_integer_dtype(values.dtype):
        return st.column_config.NumberColumn(label, format="localized")
    return label
