"""The house is as DESIGN says: imports go one way, every part is where its name says, nothing dangles."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgegen.ops
from edgegen.emit.bundle import bundle
from edgegen.ir.kernel import Kernel
from edgegen.ir.op import Op
from edgegen.ops import OPS
from edgegen.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
CODE = ROOT / "codegen"
MAX_LINES = 450

# A module may import from layers above its own line, and from its own folder; those that share a line are siblings.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "resources"),
    ("ir",),
    ("targets",),
    ("ops",),
    ("memory",),
    ("frontends", "passes", "emit"),
    ("compiler",),
    ("boards",),
    ("verify", "report"),
    ("api", "arguments", "onnx_backend", "progress"),
    ("parsers",),
    ("cli",),
    ("__main__", "__init__"),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def module_name(path: Path) -> str:
    parts = ["edgegen", *path.relative_to(CODE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(p): p for p in sorted(CODE.rglob("*.py"))}


def only_for_types(tree: ast.Module) -> set[ast.AST]:
    """Everything below `if TYPE_CHECKING:`, which never runs."""
    blocks = (n for n in ast.walk(tree) if isinstance(n, ast.If))
    return {d for b in blocks if ast.unparse(b.test).endswith("TYPE_CHECKING") for s in b.body for d in ast.walk(s)}


def imports(module: str) -> set[str]:
    """Modules of the package that `module` imports when it runs, anywhere in its code."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    unused = only_for_types(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in unused:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in MODULES else node.module or "")
    return {name for name in found if name in MODULES} - {module}


IMPORTS = {module: imports(module) for module in MODULES}


def layer(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def test_every_module_has_a_layer() -> None:
    assert {layer(m) for m in MODULES} <= set(RANK)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        for other in others
        if layer(other) != layer(module) and RANK[layer(other)] >= RANK[layer(module)]
    ]
    assert not wrong


def test_no_import_cycles() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(IMPORTS[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_external_imports_are_declared() -> None:
    """The package needs nothing beyond the standard library and its declared dependencies."""
    import sys

    declared = {"edgegen", "numpy", "jinja2", "cffi", "flatbuffers", "tflite", "onnx", "google", "ml_dtypes"}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.split(".")[0]
                assert top in declared or top in sys.stdlib_module_names, f"{module} imports {name}"


EXPANDED = {"cast.h", "half_rows.h"}
"""Headers whose rows the emitter expands from a macro, those that a model needs; the rows' tests compile them all."""


def source_files() -> Iterator[Path]:
    for folder in ("codegen", "templates", "runtime_c", "boards", "tests", "benchmarks", "examples"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".h", ".c", ".S", ".ld", ".j2", ".toml") and "__pycache__" not in path.parts:
                yield path


def test_files_are_short_and_named_for_what_they_hold() -> None:
    for path in source_files():
        assert path.stem not in ("utils", "util", "common", "helpers", "helper", "manager", "misc"), path
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines"


def all_ops() -> set[type[Op]]:
    for found in pkgutil.walk_packages(edgegen.ops.__path__, "edgegen.ops."):
        importlib.import_module(found.name)
    pending, ops = [Op], set()
    while pending:
        for op in pending.pop().__subclasses__():
            pending.append(op)
            if op.__module__.startswith("edgegen.ops."):
                ops.add(op)
    return ops


def test_every_operator_is_in_the_contents() -> None:
    abstract = {op for op in all_ops() if op.__subclasses__()}
    assert all_ops() - abstract == set(OPS)
    assert len(set(OPS)) == len(OPS)


ROWS: list[tuple[type[Op], Kernel]] = [(op, kernel) for op in OPS for kernel in op.kernels]


def test_every_operator_that_computes_has_a_portable_last_row() -> None:
    for op in OPS:
        assert op.is_view or op.is_control or op.kernels, f"{op.__name__} has no kernel rows"
        if op.kernels:
            assert not op.kernels[-1].requires, f"{op.__name__} ends with {op.kernels[-1].name}"


def test_rows_require_features_that_targets_have() -> None:
    known = frozenset[str]().union(*(t.features for t in TARGETS.values()))
    for op, kernel in ROWS:
        assert kernel.requires <= known, f"{op.__name__}: {kernel.name} requires {set(kernel.requires - known)}"


@pytest.mark.parametrize("file", sorted({file for _, k in ROWS for file in k.files}))
def test_headers_define_the_rows_that_name_them(file: str) -> None:
    assert (ROOT / "runtime_c" / "kernels" / file).is_file(), f"no runtime_c/kernels/{file}"
    _, text = bundle(ROOT / "runtime_c", [f"kernels/{file}"])
    expand = ["gcc", "-E", "-P", "-x", "c", "-"]  # macros paste the names of families together
    text += subprocess.run(expand, input=text, capture_output=True, text=True, check=True, timeout=60).stdout
    for _, kernel in ROWS:
        if file in kernel.files[-1:] and file not in EXPANDED:
            assert re.search(rf"\b{kernel.name}\(", text), f"{file} does not define {kernel.name}"


def test_every_header_is_used() -> None:
    """Each header of runtime_c is every model's, a row's own or included, directly or not, by one that is."""
    runtime = ROOT / "runtime_c"
    pending = ["edgegen.h", "check.h", *{f"kernels/{file}" for _, k in ROWS for file in k.files}]
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += re.findall(r'^\s*#\s*include\s+"([^"]+)"', (runtime / name).read_text(), re.MULTILINE)
    assert {str(p.relative_to(runtime)) for p in runtime.rglob("*.h")} == reached


def test_runtime_headers_are_guarded_and_their_includes_resolve() -> None:
    runtime = ROOT / "runtime_c"
    for header in sorted(runtime.rglob("*.h")):
        text = header.read_text(encoding="utf-8")
        assert re.match(r"\A/\*.*?\*/\s*#ifndef (\w+)\n#define \1\n", text, re.DOTALL), f"{header}: no doc or guard"
        for included in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.MULTILINE):
            assert (runtime / included).is_file(), f"{header.name} includes {included}, which is not in runtime_c/"
        for forbidden in ("malloc", "stdio.h", "printf", "alloca"):
            assert not re.search(rf"\b{re.escape(forbidden)}\b", text), f"{header.name} uses {forbidden}"


def template_names() -> Iterator[tuple[str, str]]:
    """(module, glob) of every string in the code that names a template; placeholders match anything."""
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if text.endswith(".j2") and "\n" not in text and " " not in text and len(text) > 3:
                yield module, text


def test_templates_that_code_names_exist_and_all_are_used() -> None:
    templates = {p.name for p in (ROOT / "templates").rglob("*.j2")}
    used: set[str] = set()
    for module, name in template_names():
        found = [p.name for p in (ROOT / "templates").rglob(Path(name).name)]
        assert found, f"{module} renders {name}, which is not in templates/"
        used.update(found)
    for path in (ROOT / "boards").glob("*.toml"):
        used.update(re.findall(r'"([^"]+\.j2)"', path.read_text()))
    for path in (ROOT / "templates").rglob("*.j2"):
        used.update(re.findall(r'{%\s*(?:include|import|extends)\s+"(?:[^"]*/)?([^"/]+)"', path.read_text()))
    assert templates == used
