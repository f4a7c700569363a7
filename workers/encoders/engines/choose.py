"""Which engine runs a tower on this machine."""

from __future__ import annotations

import logging
from importlib.util import find_spec

from workers.encoders.base import EncoderError
from workers.encoders.engines.base import Engine, EngineError, EngineOptions, Tower
from workers.encoders.engines.torch_engine import TorchEngine, can_use_gpu

logger = logging.getLogger(__name__)


def start(tower: Tower, options: EngineOptions) -> Engine:
    """Start a tower on the engine that the options or the hardware name; raises EncoderError.

    Where OpenVINO was not asked for by name and cannot run it, torch does.
    """
    if options.engine == "torch" or (options.engine == "auto" and not _openvino_serves()):
        return TorchEngine(tower, options)
    # Not above: who has a GPU need not have OpenVINO loaded.
    from workers.encoders.engines.openvino_engine import OpenVinoEngine

    try:
        return OpenVinoEngine(tower, options)
    except EngineError as error:
        if options.engine == "openvino":
            raise EncoderError(str(error)) from error
        logger.warning("torch_instead_of_openvino", extra={"reason": str(error)})
        return TorchEngine(tower, options)


def _openvino_serves() -> bool:
    return find_spec("openvino") is not None and not can_use_gpu()
