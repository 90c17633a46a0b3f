"""What an argument of the command line says: types for argparse."""

from __future__ import annotations

import argparse

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


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a positive number')
    return int(text)


_UNITS = {"": 1, "B": 1, "K": 1024, "KIB": 1024, "M": 1024**2, "MIB": 1024**2}


def size(text: str) -> int:
    """Bytes: 65536, 64K, 64KiB or 1M."""
    number = text.rstrip("BbKkMmIi")
    unit = _UNITS.get(text[len(number) :].upper())
    if not number.isdecimal() or unit is None or int(number) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a size, such as 65536, 64K or 1M')
    return int(number) * unit
