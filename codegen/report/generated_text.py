"""What README.md says is supported, generated from the operators' kernel rows and the front-ends' registries.

python -m edgegen.report.generated_text README.md docs/passes.md      rewrites the text between the markers
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from edgegen.errors import UsageError
from edgegen.frontends.onnx.importer import REGISTRY as ONNX
from edgegen.frontends.tflite.importer import REGISTRY as TFLITE
from edgegen.ir.dtypes import DTYPES
from edgegen.ir.kernel import Kernel
from edgegen.ir.op import Op
from edgegen.ops import OPS
from edgegen.passes.pipeline import STAGES
from edgegen.report.table import markdown_table
from edgegen.targets import TARGETS

_ANY = {"_": "any", "x1": "8-bit", "x2": "16-bit", "x4": "32-bit", "x8": "64-bit"}
_TYPED = re.compile(rf"^(.+?)_(?:{'|'.join(DTYPES)})(?:_|$)")


def _dtypes(kernel: Kernel) -> tuple[str, str]:
    """Types of the first input and the output, as readers call them."""
    reads, writes = (side.split() for side in kernel.signature.split("->"))
    first, result = (side[0].rstrip(".?") for side in (reads, writes))
    return _ANY.get(first, first), _ANY.get(result, result)


def _label(op: type[Op]) -> str:
    """The operator's name; a family's members in parentheses. Kernels of other operators that compute it are none."""
    matches = (_TYPED.match(k.name) for k in op.kernels if not k.requires)
    borrowed = {other.__name__.lower() for other in OPS if other is not op}
    members = sorted({m[1] for m in matches if m} - borrowed)
    return f"{op.__name__} ({', '.join(members)})" if len(members) > 1 else op.__name__


def _types(kernels: Iterable[Kernel]) -> str | None:
    """Types that the rows compute, in their order: "s8, f32 to s8/s16"; None if there are no rows."""
    results: dict[str, list[str]] = {}
    for first, result in dict.fromkeys(map(_dtypes, kernels)):
        results.setdefault(first, []).append(result)
    inputs: dict[str, list[str]] = {}  # of several inputs with the same results
    for first, all_results in results.items():
        inputs.setdefault(first if all_results == [first] else f" to {_names(all_results)}", []).append(first)
    return ", ".join(_names(i) + to if to.startswith(" ") else to for to, i in inputs.items()) or None


def _names(types: list[str]) -> str:
    return "any" if len(types) == len(DTYPES) else "/".join(types)


def support_text() -> str:
    """The operators that are read, and what computes each on each target; Markdown."""
    tflite = ", ".join(f"{name} ({entry.last_version})" for name, entry in sorted(TFLITE.items()))
    domains = {domain: sorted(n for d, n in ONNX if d == domain) for domain in sorted({d for d, _ in ONNX})}
    onnx = "; ".join(f"of {d}: {', '.join(names)}" if d else ", ".join(names) for d, names in domains.items())
    special = [t for t in TARGETS.values() if t.features]
    rows = []
    for op in OPS:
        portable = _types(k for k in op.kernels if not k.requires)
        simd = (_types(k for k in op.kernels if k.requires and k.requires <= t.features) for t in special)
        rows.append((_label(op), portable, *simd))
    table = markdown_table(("operator", "portable C99, every target", *(f"{t.name} SIMD" for t in special)), rows)
    return (
        f"Operators read from .tflite files, with the last version of each: {tflite}.\n\n"
        f"Operators read from .onnx files: {onnx}. Others are read where their schema has a function body.\n\n"
        "What they become, and the types that have kernels; without a SIMD kernel the portable one computes.\n\n"
        f"{table}"
    )


def passes_text() -> str:
    """Every pass of each stage in order, with the first sentence of its file; Markdown."""
    parts = []
    for stage, passes in STAGES.items():
        rows = [
            (one.__name__, _first_sentence(sys.modules[one.__module__].__doc__ or "")) for one in dict.fromkeys(passes)
        ]
        parts.append(f"### {stage}\n\n{markdown_table(('pass', 'what it does'), rows)}")
    return "\n\n".join(parts)


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return paragraph.split(". ")[0].rstrip(".") + "."


SECTIONS = {"support": support_text, "passes": passes_text}


def markers(section: str) -> tuple[str, str]:
    """The comments between which a section stands."""
    return f"<!-- {section}: begin -->", f"<!-- {section}: end -->"


def up_to_date(text: str) -> str:
    """`text` with what stands between markers written again. Raises UsageError if it has no section."""
    found = False
    for section, write in SECTIONS.items():
        begin, end = markers(section)
        before, has_begin, rest = text.partition(begin)
        _, has_end, after = rest.partition(end)
        if has_begin and has_end:
            found = True
            text = f"{before}{begin}\n\n{write()}\n\n{end}{after}"
    if not found:
        raise UsageError("the text has no generated section", [("markers", " ".join(markers("support")))])
    return text


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(up_to_date(page.read_text(encoding="utf-8")), encoding="utf-8")
