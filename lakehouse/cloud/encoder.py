"""The sentence encoder of a target: files of a volume, which jobs load and nobody there can fetch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.cloud.finding import Finding

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from lakehouse.cloud.target import Target

_CHUNK = 1 << 20


def encoder_finding(workspace: WorkspaceClient, target: Target) -> Iterator[Finding]:
    """Say whether the encoder lies where the jobs look for it; without it texts are not embedded."""
    folder, prepare = target.text_encoder, f"`reclake cloud prepare -t {target.name}`"
    if not folder:
        return
    names = _listed(workspace, folder)
    if any(name.endswith(".onnx") for name in names) and "tokenizer.json" in names:
        yield Finding("sentence encoder", "ok", folder)
    elif has_volume(workspace, folder):
        yield Finding(
            "sentence encoder", "optional", f"{folder} has none: no text is embedded", f"{prepare} copies it."
        )
    else:
        todo = f"After `databricks bundle deploy -t {target.name}`, {prepare} copies the encoder into it."
        yield Finding("sentence encoder", "optional", f"the volume of {folder} is not there yet", todo)


def has_volume(workspace: WorkspaceClient, path: str) -> bool:
    """Whether the volume that a path lies in was made already."""
    from databricks.sdk.errors import NotFound

    _, _, catalog, schema, volume, *_ = (*path.split("/"), "", "", "", "")
    try:
        workspace.volumes.read(f"{catalog}.{schema}.{volume}")
    except NotFound:
        return False
    return True


def copied(workspace: WorkspaceClient, files: Sequence[Path], folder: str) -> list[str]:
    """Copy files into a folder of a volume and return the names of those that were not there as they are."""
    workspace.files.create_directory(folder)
    new = [file for file in files if not _is_there(workspace, file, f"{folder}/{file.name}")]
    for file in new:
        with file.open("rb") as content:
            workspace.files.upload(f"{folder}/{file.name}", content, overwrite=True)
    return [file.name for file in new]


def _listed(workspace: WorkspaceClient, folder: str) -> set[str]:
    from databricks.sdk.errors import NotFound

    try:
        return {entry.name or "" for entry in workspace.files.list_directory_contents(folder)}
    except NotFound:
        return set()


def _is_there(workspace: WorkspaceClient, file: Path, path: str) -> bool:
    """Whether a file has the same content; encoders of one kind have files of one size."""
    from databricks.sdk.errors import NotFound

    try:
        if workspace.files.get_metadata(path).content_length != file.stat().st_size:
            return False
        content = workspace.files.download(path).contents
    except NotFound:
        return False
    assert content is not None
    stored = hashlib.sha256()
    with content, file.open("rb") as ours:
        while chunk := content.read(_CHUNK):
            stored.update(chunk)
        return stored.digest() == hashlib.file_digest(ours, "sha256").digest()
