"""Maps the folders of the checkout into the package: codegen/ is `edgegen`, the data folders lie under its share/.

Everything else is in pyproject.toml, which cannot say "every package below codegen/ under another name".
"""

from setuptools import find_namespace_packages, find_packages, setup

DATA = {
    f"edgegen.share.{name.replace('/', '.')}": name
    for top in ("templates", "runtime_c", "boards")
    for name in (top, *(f"{top}/{below.replace('.', '/')}" for below in find_namespace_packages(top)))
}

setup(
    packages=[
        "edgegen",
        *(f"edgegen.{name}" for name in find_packages("codegen")),
        *DATA,
    ],
    package_dir={"edgegen": "codegen", **DATA},
    package_data={name: ["*"] for name in DATA},
)
