"""The photograph part's text tower for languages that the teacher does not know.

Multilingual knowledge distillation (arXiv 2004.09813): a phrase and its translation share the
teacher's vector of the English. The tower starts from the bundled drawing model's, which has seen
all these languages, with a projection of its own into the teacher's space.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

from workers.training import distill, revise
from workers.training.chance import seeded
from workers.training.corpus import Corpus, hash_pair
from workers.training.mosaic import teacher
from workers.training.runs import RunSettings
from workers.training.tokenizer import TokenTable

HELD_OUT = 0.01
ASKED = 4000
"""Phrases that are held out and asked while it learns."""
OTHERS = 3000
"""English phrases that stand beside the concepts in the softmax."""


def fresh(drawings: CLIPModel) -> CLIPModel:
    """Return a tower with the weights of the drawing model's and a projection to 512 numbers."""
    text: Any = drawings.config.text_config
    shape = CLIPConfig(
        text_config={
            **text.to_dict(),
            "projection_dim": teacher.DIMENSION,
        },
        # A model of this class has two towers; the smallest that there can be is the other one.
        vision_config={
            "hidden_size": 8,
            "intermediate_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "image_size": 8,
            "patch_size": 8,
            "projection_dim": teacher.DIMENSION,
        },
        projection_dim=teacher.DIMENSION,
        logit_scale_init_value=3.0,
    )
    torch.manual_seed(20)
    model = CLIPModel(shape)
    model.set_attn_implementation("eager")
    model.text_model.load_state_dict(drawings.text_model.state_dict())
    nn.init.normal_(model.text_projection.weight, std=text.hidden_size**-0.5)
    return model


def held_out(corpus: Corpus) -> npt.NDArray[np.bool_]:
    """Return which phrases are never learnt, by themselves alone: the same in every run."""
    return np.fromiter(
        (hash_pair(phrase, 0) < HELD_OUT for phrase in corpus.phrases), bool, len(corpus)
    )


def distil(
    drawings: CLIPModel,
    tokenizer: PreTrainedTokenizerFast,
    corpus: Corpus,
    *,
    vectors: npt.NDArray[np.float16],
    concepts: torch.Tensor,
    folder: Path,
    settings: RunSettings,
) -> CLIPModel:
    """Train the tower and return it.

    ``vectors`` float16 [m, 512] are the teacher's of the English phrases that ``corpus`` points
    into, ``concepts`` float32 [c, 512] unit vectors that phrases must tell apart.
    """
    model = fresh(drawings)
    kept_back = held_out(corpus)
    weight = np.where(kept_back, 0.0, corpus.weight)
    learnt = Corpus(
        corpus.phrases, corpus.starts, corpus.rows, corpus.shares, corpus.vector, weight
    )
    table = TokenTable(tokenizer, corpus.phrases)
    draw = seeded(f"{settings.seed} others")
    others = torch.from_numpy(
        vectors[np.sort(draw.sample(range(len(vectors)), OTHERS))].astype(np.float32)
    )
    gallery = nn.functional.normalize(torch.cat([concepts, others]), dim=-1)
    batches = distill.PhraseBatches(
        learnt,
        table,
        vectors,
        len(gallery),
        pad=tokenizer.pad_token_id,
        batch=settings.batch,
        seed=settings.seed,
    )
    asked = np.flatnonzero(kept_back & (corpus.weight > 0))
    chance = np.random.default_rng(settings.seed)
    chosen = corpus.weight[asked] / corpus.weight[asked].sum()
    asked = np.sort(chance.choice(asked, min(ASKED, len(asked)), replace=False, p=chosen))
    wanted = torch.from_numpy(vectors[corpus.vector[asked]].astype(np.float32))

    def watch(_step: int) -> dict[str, float]:
        found = revise.encode_phrases(model, table, asked, tokenizer.pad_token_id)
        cosine = (found * wanted).sum(1).mean()
        scores, right = found @ gallery.T, (wanted @ gallery.T).argmax(1)
        first = scores.argmax(1).eq(right).float().mean()
        five = scores.topk(5, dim=1).indices.eq(right[:, None]).any(1).float().mean()
        return {"cosine": float(cosine), "at_1": float(first), "at_5": float(five)}

    distill.distill(model, batches, gallery, gallery, folder=folder, settings=settings, watch=watch)
    return model
