"""Spellings that mean the same come to the same pieces; nothing is unknown."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from workers.training.tokenizer import MAX_TOKENS, TokenTable, extend, normalizer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("İSTANBUL", "istanbul"),
        ("ISPARTA", "ısparta"),
        ("Straße", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("ｃａｔ", "cat"),
        ("e\u0301te\u0301", "été"),
        ("黒い 猫", "黒い猫"),
        ("แมว สีดำ", "แมวสีดำ"),
        ("a   black\tcat!", "a black cat"),
        ("«chat noir»", "chat noir"),
        ("❤\ufe0f", "❤"),
        ("cat 🐕", "cat🐕"),
        ("don’t", "don't"),
        ("قِطّة", "قطة"),
        ("חָתוּל", "חתול"),
        ("соба́ка", "собака"),
        ("i̇stanbul", "istanbul"),
        ("قطة؟", "قطة"),
        ("बिल्ली।", "बिल्ली"),
        ("「黒猫」", "黒猫"),
        ("👋🏽", "👋"),
        ("\u200fقطة\u200e", "قطة"),
    ],
)
def test_equal_spellings(one: str, other: str) -> None:
    assert normalizer().normalize_str(one) == normalizer().normalize_str(other)


def test_different_words_stay_different() -> None:
    normal = normalizer()
    assert normal.normalize_str("black cat") != normal.normalize_str("blackcat")
    assert normal.normalize_str("кот") != normal.normalize_str("kot")


def test_an_emoji_sequence_is_one_piece(tokenizer: PreTrainedTokenizerFast) -> None:
    assert tokenizer.tokenize("🐈‍⬛") == ["🐈‍⬛"]
    assert "🐈‍⬛" in tokenizer.tokenize("cute 🐈‍⬛ please")


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_has_an_end_and_nothing_unknown(
    tokenizer: PreTrainedTokenizerFast, text: str
) -> None:
    ids = tokenizer(text, truncation=True)["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id
    assert len(ids) <= MAX_TOKENS
    assert tokenizer.unk_token_id not in ids


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_normal_form_is_stable(text: str) -> None:
    normal = normalizer()
    once = normal.normalize_str(text)
    assert normal.normalize_str(once.replace("▁", " ")) == once


def test_survives_being_saved(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for text in ("İ 黒い 猫", "🐈‍⬛ Straße", "𐎀", ""):
        assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]


def test_table_equals_the_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    phrases = ["a black cat", "", "黒い猫", "x" * 500]
    table = TokenTable(tokenizer, phrases)
    padded = table.padded(np.arange(4), pad=tokenizer.pad_token_id)
    reference = tokenizer(phrases, padding=True, truncation=True)["input_ids"]
    assert padded.tolist() == reference


def test_more_pieces_leave_the_old_ones_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    foreign = ["musta kissa", "musta koira", "iso musta kissa", "kissa ja koira"] * 50
    more = extend(tokenizer, foreign, 40)
    assert len(tokenizer) < len(more) <= len(tokenizer) + 40
    assert len(more.tokenize("musta kissa")) < len(tokenizer.tokenize("musta kissa"))
    for known in ("black cat", "黒い猫", "🐈‍⬛"):
        assert more(known)["input_ids"] == tokenizer(known)["input_ids"]
    for piece in ("<pad>", "<eos>", "▁", "🐈‍⬛"):
        assert more.convert_tokens_to_ids(piece) == tokenizer.convert_tokens_to_ids(piece)
