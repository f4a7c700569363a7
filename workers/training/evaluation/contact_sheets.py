"""Contact sheets: questions drawn by a seed, with the first pictures and how well they fit.

A page is for the eyes of who makes the model. It holds the photographs, so it is not for sharing.
"""

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from workers.training.evaluation.mosaic import Evaluation
from workers.training.evaluation.photographs import SETS
from workers.training.files import write_whole
from workers.training.mosaic.judging import end

QUESTIONS = 20
PICTURES = 6
PX = 150
SEED = 16
STYLE = (
    "body{font:15px sans-serif;margin:24px}table{border-spacing:0 10px}td{padding-right:8px}"
    "figure{margin:0;text-align:center}figcaption{font-size:12px;color:#666}"
    "img{border:4px solid #ddd;border-radius:6px}.right img{border-color:#1a9c6b}"
    ".beyond{opacity:.35}"
)


def write(folder: Path, measured: Evaluation, seed: int = SEED) -> list[Path]:
    """Write one page for each set of questions, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for which in SETS:
        path = folder / f"{which}.html"
        write_whole(path, page(measured, which, seed))
        written.append(path)
    return written


def page(measured: Evaluation, which: str, seed: int) -> str:
    """Return a page of HTML: right ones have a green frame, what is not shown is pale."""
    own = measured.questions(which)
    chosen = np.random.default_rng(seed).choice(len(own), QUESTIONS, replace=False)
    gallery = measured.photographs.vectors(measured.learnt)
    rows = []
    for question in (own[number] for number in sorted(chosen)):
        encoded = measured.encoder.encode_questions([question.text])
        scores = (encoded.vectors @ gallery.T)[0]
        first = np.argsort(-scores)[:PICTURES]
        if encoded.curves is None:
            raise ValueError("the model brings no curves")
        slope, offset = encoded.curves[0]
        odds = 1 / (1 + np.exp(-(slope * scores[first] + offset)))
        least = float(end(odds[0]))
        cells = [
            _picture(
                measured.images[place],
                float(relevance),
                is_right=int(place) in question.answers,
                is_shown=float(relevance) >= least,
            )
            for place, relevance in zip(first, odds, strict=True)
        ]
        rows.append(_row(question.language, question.text, cells))
    return (
        f'<!doctype html><meta charset="utf-8"><title>{which}</title><style>{STYLE}</style>'
        f"<h1>{QUESTIONS} questions of the {which} set</h1><table>{''.join(rows)}</table>\n"
    )


def _row(language: str, text: str, cells: Sequence[str]) -> str:
    asked = f'<td><b dir="auto">{html.escape(text)}</b><br>{html.escape(language)}</td>'
    return f"<tr>{asked}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _picture(image: Image.Image, relevance: float, *, is_right: bool, is_shown: bool) -> str:
    small = image.copy()
    small.thumbnail((PX, PX))
    written = io.BytesIO()
    small.save(written, "JPEG", quality=80)
    kinds = f"{'right ' * is_right}{'' if is_shown else 'beyond'}"
    encoded = base64.b64encode(written.getvalue()).decode()
    return (
        f'<figure class="{kinds}"><img height="110" src="data:image/jpeg;base64,{encoded}">'
        f"<figcaption>{relevance:.2f}</figcaption></figure>"
    )
