"""Ask the advisories on PyPI about every locked package; needs pip-audit (make audit).

Exits with 0 when none is known, 1 when there are any, 2 when they could not be asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lock import lock_files, pins


def main() -> int:
    """Print what is known about the locked versions."""
    locked = pins(*lock_files().values())
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "locked.txt"
        requirements.write_text("".join(f"{n}=={v}\n" for n, v in sorted(locked.items())), "utf-8")
        result = subprocess.run(
            [
                *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements)),
                *("--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        answers = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(result.stderr.strip(), file=sys.stderr)
        print("The advisories could not be asked: no package was audited.", file=sys.stderr)
        return 2
    unknown = [answer["name"] for answer in answers if "skip_reason" in answer]
    found = [(answer, flaw) for answer in answers for flaw in answer.get("vulns", [])]
    for answer, flaw in found:
        fixed = ", ".join(flaw["fix_versions"]) or "no version yet"
        print(f"{answer['name']} {answer['version']}: {flaw['id']}, mended in {fixed}")
    print(f"{len(answers) - len(unknown)} of {len(answers)} packages audited, {len(found)} flaws.")
    if unknown:
        print(f"The advisories could not be asked about {_shortened(unknown)}.", file=sys.stderr)
    if found:
        return 1
    return 2 if unknown else 0


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} others" if len(names) > 5 else "")


if __name__ == "__main__":
    sys.exit(main())
