"""The page of the configuration: every setting, from `lakehouse/settings.py`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from handbook.markdown import cell, table
from lakehouse.settings import Settings

SECTIONS = {
    "reclake_home": "Where things lie",
    "kafka_bootstrap_servers": "Kafka",
    "purchases_path": "Purchases and sessions",
    "mongodb_uri": "Stores",
    "podcast_index_url": "Podcast Index",
    "mlflow_tracking_uri": "Models and recommendations",
    "max_value_bytes": "Records and the local session",
    "event_weight_like": "What events count",
    "session_train_days": "The shop",
    "churn_model": "Churn",
    "dashboard_warehouse": "Dashboard",
    "als_engine": "ALS and tuning",
    "whisper_model": "Transcripts",
}
"""The first setting of each section, in the order of the class."""
_INTRODUCTION = """\
# Configuration

On a laptop a setting is an environment variable, or a line of `.env`; on Databricks it is a job parameter of the same
name in small letters, and a secret lies in the secret scope under that name. An empty value counts as not given.
"""
_BOUNDS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_INTRODUCTION, *_sections()])


def _sections() -> Iterator[str]:
    rows: list[list[str]] = []
    for name, field in Settings.model_fields.items():
        if name in SECTIONS:
            yield from _shown(rows)
            rows = []
            yield f"## {SECTIONS[name]}\n"
        rows.append([f"`{name.upper()}`", cell(field.description or ""), _default(field), _values(field)])
    yield from _shown(rows)


def _shown(rows: list[list[str]]) -> Iterator[str]:
    if rows:
        yield table(["setting", "what it is", "default", "values"], rows)


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default in ("", {}):
        return ""
    return cell(f"`{field.default}`")


def _values(field: FieldInfo) -> str:
    kind = _kind(field.annotation)
    bounds = [
        f"{sign} {value:,}"
        for one in field.metadata
        for name, sign in _BOUNDS.items()
        if (value := getattr(one, name, None)) is not None
    ]
    return cell(f"{kind}, {' and '.join(bounds)}" if bounds else kind)


def _kind(annotation: Any) -> str:
    """Say in words what a value may be."""
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_kind(one) for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is dict:
        return "JSON; its values are secrets"
    return {str: "text", int: "whole number", float: "number", Path: "path", SecretStr: "secret"}[annotation]
