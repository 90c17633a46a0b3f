"""C identifiers out of names that models carry."""

from __future__ import annotations

import re

from edgegen.errors import UsageError

_KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "asm",
        "bool",
        "class",
        "delete",
        "false",
        "friend",
        "namespace",
        "new",
        "operator",
        "private",
        "protected",
        "public",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typename",
        "using",
        "virtual",
    ]
)


def identifier(text: str) -> str:
    """Lower-case C identifier made from any text; "model" if nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "model"
    if name[0].isdigit() or name in _KEYWORDS:
        name = f"m_{name}"
    return name[:48].rstrip("_")


def model_name(text: str) -> str:
    """Checks a name that a user chose with --name. Raises UsageError."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,47}", text) or text in _KEYWORDS or text.lower().startswith("edgegen"):
        raise UsageError(
            f'"{text}" cannot be a model\'s name',
            [("why", "it becomes the prefix of every C symbol")],
            "use letters, digits and underscores, starting with a letter",
        )
    return text


def comment_text(text: str, limit: int = 60) -> str:
    """Any text made safe inside a C comment: printable ASCII, no comment marks, no trigraphs."""
    safe = "".join(ch if 32 <= ord(ch) < 127 else "?" for ch in text)
    safe = safe.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?").replace("\\", "/")
    return safe if len(safe) <= limit else f"...{safe[3 - limit :]}"
