"""Gathers headers of runtime_c/ into one piece of C: each once, in include order, system headers apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_LOCAL = re.compile(r'^\s*#\s*include\s+"([^"]+)"[^\n]*\n', re.MULTILINE)
_SYSTEM = re.compile(r"^\s*#\s*include\s+<([^>]+)>[^\n]*\n", re.MULTILINE)
_GUARD = re.compile(
    r"\A(?P<doc>\s*/\*.*?\*/)?\s*#ifndef (?P<name>\w+)\n#define (?P=name)\n(?P<body>.*)#endif[^\n]*\n\Z",
    re.DOTALL,
)


def bundle(root: Path, headers: Iterable[str]) -> tuple[list[str], str]:
    """(system headers, text) of `headers`, paths below `root`, and all that they include.

    Local includes are paths from `root`. Include guards are dropped, since each header appears once. A system header
    inside #if stays where it is.
    """
    done: dict[str, str] = {}
    system: dict[str, None] = {}

    def add(name: str) -> None:
        if name in done:
            return
        done[name] = ""
        text = (root / name).read_text(encoding="utf-8")
        guarded = _GUARD.match(text)
        if guarded:
            text = (guarded["doc"] or "").strip() + "\n" + guarded["body"].strip() + "\n"
        for included in _LOCAL.findall(text):
            add(included)
        text = _LOCAL.sub("", text)
        system.update(dict.fromkeys(_SYSTEM.findall(text)))
        del done[name]  # keep include order: after what it includes
        done[name] = re.sub(r"\n{3,}", "\n\n", _SYSTEM.sub("", text)).strip() + "\n"

    for header in headers:
        add(header)
    return sorted(system), "\n".join(done.values())
