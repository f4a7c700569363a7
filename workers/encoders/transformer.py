"""Text transformers without what is not wanted. Imported only where a tower is built."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    SiglipTextConfig,
    SiglipTextModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)


class Bert(BertModel):  # type: ignore[no-untyped-call]
    """BERT without its pooler, which nobody asks."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config, add_pooling_layer=False)


class XLMRoberta(XLMRobertaModel):  # type: ignore[no-untyped-call]
    """XLM-RoBERTa without its pooler."""

    def __init__(self, config: XLMRobertaConfig) -> None:
        super().__init__(config, add_pooling_layer=False)


class HeadlessSiglip(SiglipTextModel):  # type: ignore[no-untyped-call]
    """SigLIP's text tower with nothing behind its last layer.

    That of ``siglip-so400m-patch16-256-i18n`` is so: its configuration says ``no_head``, which
    transformers does not read, and it would take random numbers for the head.
    """

    def __init__(self, config: SiglipTextConfig) -> None:
        super().__init__(config)
        self.head = torch.nn.Identity()  # type: ignore[assignment]


_KINDS: dict[str, tuple[Any, Any]] = {
    "bert": (BertConfig, Bert),
    "distilbert": (DistilBertConfig, DistilBertModel),
    "xlm-roberta": (XLMRobertaConfig, XLMRoberta),
}


def kinds(model_type: str) -> tuple[Any, Any]:
    """Return the classes of a transformer's configuration and of the transformer itself."""
    return _KINDS[model_type]
