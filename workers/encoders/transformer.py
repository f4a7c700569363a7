"""The text transformers that distilled towers stand on. Imported only where a tower is built."""

from __future__ import annotations

from typing import Any

from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
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


_KINDS: dict[str, tuple[Any, Any]] = {
    "bert": (BertConfig, Bert),
    "distilbert": (DistilBertConfig, DistilBertModel),
    "xlm-roberta": (XLMRobertaConfig, XLMRoberta),
}


def kinds(model_type: str) -> tuple[Any, Any]:
    """Return the classes of a transformer's configuration and of the transformer itself."""
    return _KINDS[model_type]
