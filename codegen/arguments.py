"""Values of the command line: types for argparse, and which model each of them is for."""

from __future__ import annotations

import argparse
from typing import Any

from edgegen.emit.symbols import default_name
from edgegen.errors import UsageError
from edgegen.frontends.bounds import AtMost


def shape(text: str) -> tuple[str, tuple[int, ...]]:
    """NAME=1,3,224,224, or NAME<=8; the name may itself contain "="."""
    name, separator, sizes = text.rpartition("=")
    if name.endswith("<") and sizes.isdecimal() and int(sizes) > 0:
        return name[:-1], AtMost(int(sizes))
    try:
        dimensions = tuple(int(d) for d in sizes.split(",")) if sizes else ()
    except ValueError:
        dimensions = (-1,)
    if not separator or not name or any(d < 1 for d in dimensions):
        raise argparse.ArgumentTypeError(f'"{text}" is not NAME=SIZES, such as input=1,3,224,224 or batch<=8')
    return name, dimensions


def state(text: str) -> tuple[str, str]:
    """INPUT=OUTPUT; only one of the names may contain "=", which then is the input's."""
    name, separator, output = text.rpartition("=")
    if not separator or not name or not output:
        raise argparse.ArgumentTypeError(f'"{text}" is not INPUT=OUTPUT, such as h0=hn')
    return name, output


def value(text: str) -> tuple[str, tuple[float, ...]]:
    """NAME=NUMBERS; the name may itself contain "="."""
    name, separator, numbers = text.rpartition("=")
    try:
        given = tuple(float(n) if set(n) & set(".einEIN") else int(n) for n in numbers.split(","))
    except ValueError:
        given = ()
    if not separator or not name or not given:
        raise argparse.ArgumentTypeError(f'"{text}" is not NAME=NUMBERS, such as sr=16000')
    return name, given


def each_model(args: argparse.Namespace) -> list[argparse.Namespace]:
    """The arguments as they are for each of `args.models` by itself, in `model`.

    What describes inputs says whose, if there are several models: vad:h0=hn. Raises UsageError where it does not, and
    for models whose C would have one name.
    """
    names = [args.name or default_name(p.stem) for p in args.models]
    if len(names) > 1:
        names = [default_name(p.stem) for p in args.models]
        same = next((n for n in names if names.count(n) > 1), None)
        if same is not None:
            files = ", ".join(str(p) for p, n in zip(args.models, names, strict=True) if n == same)
            raise UsageError(f"several models would be called {same}", [("files", files)], "rename one")
        if args.name and not args.share_arena:
            raise UsageError(
                "several models have one --name each", help="leave it out: they are named after their files"
            )
    found = []
    for path, name in zip(args.models, names, strict=True):
        own = dict(vars(args), model=path, name=args.name if len(names) == 1 else name)
        for option in ("shape", "state", "value", "signature") if len(names) > 1 else ():
            own[option] = [of for owner, of in (_owned(given, option, names) for given in own[option]) if owner == name]
        found.append(argparse.Namespace(**own))
    return found


def _owned(given: Any, option: str, names: list[str]) -> tuple[str, Any]:
    """(model, what was given for it) of an option's value, whose name or itself begins with "MODEL:"."""
    text = given if isinstance(given, str) else given[0]
    owner, colon, rest = text.partition(":")
    if not colon or owner not in names:
        example = f"--{option} {names[0]}:{text}"
        raise UsageError(
            f"--{option} {text}: of which model?", [("models", ", ".join(names))], f"say whose it is: {example}"
        )
    return owner, rest if isinstance(given, str) else (rest, *given[1:])


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a positive number')
    return int(text)


_POWERS = {"K": 1024, "M": 1024**2, "G": 1024**3}
_UNITS = {"": 1, "B": 1, **{power + end: unit for power, unit in _POWERS.items() for end in ("", "B", "IB")}}


def size(text: str) -> int:
    """Bytes: 65536, 64K, 64KB, 64KiB or 1M. K, M and G are powers of 1024, as memories have them."""
    number = text.rstrip("BbGgIiKkMm")
    unit = _UNITS.get(text[len(number) :].upper())
    if not number.isdecimal() or unit is None or int(number) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a size, such as 65536, 64K or 1M')
    return int(number) * unit
