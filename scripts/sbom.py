"""Write a software bill of materials (CycloneDX, JSON) of what the lock installs.

python scripts/sbom.py FILE           as it runs without an NVIDIA GPU
python scripts/sbom.py FILE --cuda    with the libraries that torch brings for one

The hashes of all files that may be installed stand in the lock itself, requirements/*.txt.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from lock import FOLDER, ROOT, RUNTIME, TORCH
from packageurl import PackageURL

ENTRY = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^\s;\\]+).*?# via ([^\n]+)", re.MULTILINE | re.DOTALL)


def bill(*, cuda: bool) -> Bom:
    """Return the project with its locked packages and who of them asks for which."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    name, version = project["name"], project["version"]
    made = Bom()
    root = made.metadata.component = Component(
        type=ComponentType.APPLICATION,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )
    texts = [(FOLDER / f"{part}.txt").read_text("utf-8") for part in (RUNTIME, TORCH)]
    entries = [entry for text in texts for entry in ENTRY.findall(text)]
    if not cuda:
        only_torch = [entry for entry in ENTRY.findall(texts[1]) if entry[0] == TORCH]
        entries = [*ENTRY.findall(texts[0]), *only_torch]
    components = {
        package: Component(
            type=ComponentType.LIBRARY,
            name=package,
            version=locked,
            bom_ref=f"{package}@{locked}",
            purl=PackageURL("pypi", name=package, version=locked),
        )
        for package, locked, _ in entries
    }
    made.components.update(components.values())
    for package, _, origin in entries:
        for asking in origin.split(", "):
            # "babelpix (pyproject.toml)", and the build of babelpix, are the project itself.
            made.register_dependency(components.get(asking, root), [components[package]])
    return made


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--cuda", action="store_true")
    arguments = parser.parse_args()
    made = bill(cuda=arguments.cuda)
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_text(JsonV1Dot6(made).output_as_string(indent=2) + "\n", "utf-8")
    print(f"{arguments.file}: {len(made.components)} packages")


if __name__ == "__main__":
    main()
