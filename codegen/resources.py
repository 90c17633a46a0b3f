"""Where templates/, runtime_c/ and boards/ are: beside codegen/ in a checkout, under share/ in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Path of a top-level folder ("templates", "runtime_c", "boards")."""
    installed = _PACKAGE / "share" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
