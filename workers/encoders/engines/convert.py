"""``python -m workers.encoders.engines.convert ORDER``: convert one tower and end.

The order and the answer are JSON; a process of its own because torch, once loaded, never goes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workers.encoders.base import EncoderError
from workers.encoders.engines.base import EngineError
from workers.encoders.engines.openvino_engine import convert
from workers.encoders.towers import tower_of


def main() -> None:
    """Carry out the order; the last line on standard output says what became of it."""
    order = json.loads(sys.argv[1])
    answer = {}
    try:
        tower = tower_of(order["family"], Path(order["folder"]), order["part"])
        convert(tower, Path(order["path"]), half=order["half"])
    except EncoderError as error:
        answer = {"damaged": str(error)}
    except EngineError as error:
        answer = {"failed": str(error)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
