"""The tokenizer of the bundled model: Unigram pieces over the world's scripts.

Everything that makes two spellings of one question equal is part of the tokenizer itself and so is
the same in training and in use: NFKC, lower case for every script (with the Turkish "İ", "I" and
"ı" joined), variation selectors removed, white space joined, and no white space at all beside
letters of the scripts that are written without it.
"""

import json
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"
SPECIAL = (PAD, EOS, UNKNOWN)
MAX_TOKENS = 48
_SPACE = "▁"
NEW_PIECE_COST = 1.0  # of log probability, so that known languages are cut as before

# Scripts written without spaces between words; a space there carries no meaning.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\x{30fc}"
_VOWEL_SIGNS = (
    r"[\x{0610}-\x{061a}\x{064b}-\x{0652}\x{0670}\x{0640}"
    r"\x{0591}-\x{05bd}\x{05bf}\x{05c1}\x{05c2}\x{05c4}\x{05c5}\x{05c7}]"
    r"|(?<=\p{Cyrillic})\x{0301}"
)
_UNSEEN = (
    r"[\x{fe00}-\x{fe0f}\x{1f3fb}-\x{1f3ff}\x{00ad}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}\x{2066}-\x{2069}\x{061c}\x{feff}]"
)
_PUNCTUATION = r"[\s\p{Cc}“”«»„\"()\[\]{},;:!?.¡¿。、！？・؟؛،।॥「」『』【】《》〈〉]+"
_PICTURES = r"\p{Extended_Pictographic}\x{1f1e6}-\x{1f1ff}"


def normalizer() -> normalizers.Normalizer:
    """Return the chain that turns any text into the form that the pieces are cut from."""
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            # Selectors and skin tones choose a presentation, not a meaning; the others are
            # invisible: soft hyphens, marks of the writing direction.
            normalizers.Replace(Regex(_UNSEEN), ""),
            # Vowel signs of Arabic and Hebrew, the Cyrillic stress mark: dictionaries write them,
            # people who ask do not.
            normalizers.Replace(Regex(_VOWEL_SIGNS), ""),
            normalizers.Replace("İ", "i"),
            normalizers.Replace("ı", "i"),
            normalizers.Lowercase(),
            # What other programmes make of "İ": an i with a dot of its own.
            normalizers.Replace("i\u0307", "i"),
            normalizers.Replace("ς", "σ"),
            normalizers.Replace("ß", "ss"),
            normalizers.Replace(Regex(r"[’ʼ`´]"), "'"),
            normalizers.Replace(Regex(_PUNCTUATION), " "),
            normalizers.Strip(),
            normalizers.Replace(Regex(rf"(?<=[{_UNSPACED}]) (?=[{_UNSPACED}])"), ""),
            normalizers.Prepend(" "),
            normalizers.Replace(Regex(rf" (?=[{_UNSPACED}{_PICTURES}])"), ""),
            normalizers.Replace(" ", _SPACE),
        ]
    )


def pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """Return the cuts that no piece crosses: before words, and around unspaced scripts."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_SPACE, "merged_with_next"),
            pre_tokenizers.Split(Regex(rf"[{_UNSPACED}]+"), "isolated"),
            # An emoji sequence is one piece of text, so that 🐈‍⬛ may become one token.
            pre_tokenizers.Split(
                Regex(
                    r"(?:[\x{1f1e6}-\x{1f1ff}]{2})|"
                    r"\p{Extended_Pictographic}[\x{1f3fb}-\x{1f3ff}\x{e0020}-\x{e007f}]*"
                    r"(?:\x{200d}\p{Extended_Pictographic}[\x{1f3fb}-\x{1f3ff}]*)*"
                ),
                "isolated",
            ),
        ]
    )


def learn(phrases: Iterable[str], size: int) -> list[tuple[str, float]]:
    """Learn about ``size`` pieces with their log probabilities from ``phrases``."""
    learner = Tokenizer(models.Unigram())
    learner.normalizer = normalizer()
    learner.pre_tokenizer = pre_tokenizer()
    learner.train_from_iterator(
        phrases,
        trainers.UnigramTrainer(
            vocab_size=size,
            special_tokens=[UNKNOWN],
            unk_token=UNKNOWN,
            max_piece_length=16,
            shrinking_factor=0.75,
            n_sub_iterations=2,
            show_progress=False,
        ),
    )
    stored: list[tuple[str, float]] = json.loads(learner.to_str())["model"]["vocab"]
    return [(piece, score) for piece, score in stored if piece != UNKNOWN]


def assemble(learned: Sequence[tuple[str, float]], emoji: Iterable[str]) -> PreTrainedTokenizerFast:
    """Return the tokenizer of ``learned`` pieces, in which each of ``emoji`` is one piece.

    Characters never seen fall back to their UTF-8 bytes, so no text is unknown.
    """
    made_normal = normalizer()
    whole = [made_normal.normalize_str(text).removeprefix(_SPACE) for text in emoji]
    lowest = min(score for _, score in learned)
    scores = dict.fromkeys(SPECIAL, 0.0)
    scores |= {f"<0x{value:02X}>": lowest - 10 for value in range(256)}
    scores |= {piece: score for piece, score in learned if piece not in scores}
    # Dearer than nothing, cheaper than the parts.
    scores |= {piece: -6.0 for piece in whole if piece and not piece.isalnum()}
    made = Tokenizer(
        models.Unigram(list(scores.items()), unk_id=SPECIAL.index(UNKNOWN), byte_fallback=True)
    )
    made.normalizer = made_normal
    made.pre_tokenizer = pre_tokenizer()
    made.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Fuse(), decoders.Replace(_SPACE, " ")]
    )
    made.post_processor = TemplateProcessing(
        single=f"$A {EOS}", special_tokens=[(EOS, SPECIAL.index(EOS))]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        model_max_length=MAX_TOKENS,
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def extend(
    tokenizer: PreTrainedTokenizerFast, phrases: Iterable[str], size: int
) -> PreTrainedTokenizerFast:
    """Return a copy of a Unigram tokenizer with up to ``size`` more pieces, cut from ``phrases``.

    The pieces that were there keep their numbers and their cuts of what they know: a new piece is
    used only where it beats several old ones by far. A tokenizer of another kind comes back as it
    is.
    """
    written = json.loads(tokenizer.backend_tokenizer.to_str())
    model = written["model"]
    if model["type"] != "Unigram":
        return tokenizer
    known = {piece for piece, _ in model["vocab"]}
    learned = [(piece, score - NEW_PIECE_COST) for piece, score in learn(phrases, size)]
    fresh = [[piece, score] for piece, score in learned if piece not in known]
    model["vocab"] += fresh[:size]
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_str(json.dumps(written)),
        **{
            name: getattr(tokenizer, name)
            for name in ("pad_token", "eos_token", "unk_token", "model_max_length")
        },
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


class TokenTable:
    """Many tokenised phrases in one flat array: ragged rows without Python in the training loop."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, phrases: Sequence[str], chunk: int = 50_000
    ) -> None:
        backend = tokenizer.backend_tokenizer
        backend.no_padding()
        backend.enable_truncation(MAX_TOKENS)
        rows: list[npt.NDArray[np.int32]] = []
        for start in range(0, len(phrases), chunk):
            for encoding in backend.encode_batch_fast(list(phrases[start : start + chunk])):
                rows.append(np.asarray(encoding.ids, dtype=np.int32))
        self.lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.flat = np.concatenate(rows) if rows else np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(self, rows: npt.NDArray[np.int64], pad: int) -> npt.NDArray[np.int64]:
        """Return the phrases ``rows`` as int64 [n, longest], padded on the right."""
        lengths = self.lengths[rows]
        place = np.arange(int(lengths.max()))[None, :]
        inside = place < lengths[:, None]
        where = np.where(inside, self.starts[rows][:, None] + place, 0)
        return np.where(inside, self.flat[where], pad).astype(np.int64)
