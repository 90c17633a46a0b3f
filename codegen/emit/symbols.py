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

# of C99, and those that a C library includes by names of their own
_HEADERS = frozenset(
    (
        *("assert", "complex", "ctype", "errno", "fenv", "float", "inttypes", "iso646", "limits", "locale", "math"),
        *("setjmp", "signal", "stdarg", "stdbool", "stddef", "stdint", "stdio", "stdlib", "string", "tgmath", "time"),
        *("wchar", "wctype", "alloca", "endian", "features", "malloc", "memory", "newlib", "pthread", "sched"),
        *("strings", "unistd", "xlocale"),
    )
)


def identifier(text: str) -> str:
    """Lower-case C identifier made from any text; "model" if nothing is left of it."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "model"
    if name[0].isdigit() or name in _KEYWORDS:
        name = f"m_{name}"
    return name[:48].rstrip("_")


def default_name(stem: str) -> str:
    """The name of a model whose file has this name: NAME.h must not stand in the way of a header of the C library."""
    name = identifier(stem)
    return f"m_{name}" if name in _HEADERS else name


def model_name(text: str) -> str:
    """Checks a name that a user chose with --name. Raises UsageError."""
    if text.lower() in _HEADERS:
        why = f"the C library has a header {text.lower()}.h, which the model's own would take the place of"
        raise UsageError(f'"{text}" cannot be a model\'s name', [("why", why)], f"use m_{text}")
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
