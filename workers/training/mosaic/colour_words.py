"""Words for colours in every locale of CLDR: what the names of its coloured shapes do not share.

"red circle", "blue circle", "green circle": what is left of each is the colour.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from workers.encoders.languages import words_of
from workers.encoders.mosaic.colours import COLOURS
from workers.training.annotations import Annotation
from workers.training.compositions import UNSPACED
from workers.training.mosaic.pairs import aligned_keywords

_SHAPES = (
    {"🔴": 0, "🟠": 1, "🟡": 2, "🟢": 3, "🔵": 4, "🟣": 5, "🟤": 7, "⚫": 8, "⚪": 9},
    {"🟥": 0, "🟧": 1, "🟨": 2, "🟩": 3, "🟦": 4, "🟪": 5, "🟫": 7},
    {"🧡": 1, "💛": 2, "💚": 3, "💙": 4, "💜": 5, "🩷": 6, "🤎": 7, "🖤": 8, "🤍": 9, "🩶": 10},
)
_ALSO = {"gray": "grey", "golden": "yellow", "violet": "purple"}
_SHORTEST = 2
_HAN = {
    "红紅赤": 0,
    "橙": 1,
    "黄黃": 2,
    "绿緑綠": 3,
    "蓝藍青": 4,
    "紫": 5,
    "粉桃": 6,
    "棕茶褐": 7,
    "黑黒": 8,
    "白": 9,
    "灰": 10,
}
"""Chinese characters that stand for a colour in Chinese and Japanese alike."""


def colour_words(
    annotations: Sequence[Annotation], alias: dict[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the places of colours by word, and by the words of scripts without spaces."""
    names: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in annotations:
        if entry.is_name:
            names[entry.locale].setdefault(entry.row, entry.phrase)
    found: dict[str, Counter[int]] = defaultdict(Counter)
    unspaced: dict[str, Counter[int]] = defaultdict(Counter)
    for locale, own in names.items():
        for shape in _SHAPES:
            listed = [
                (own[alias[emoji]], place)
                for emoji, place in shape.items()
                if alias.get(emoji) in own
            ]
            if len(listed) < 4:
                continue
            into, words = (
                (unspaced, _without_ends) if locale in UNSPACED else (found, _without_words)
            )
            for word, place in words(listed):
                into[word][place] += 1
    english = {name: place for place, name in enumerate(COLOURS)}
    english |= {other: english[name] for other, name in _ALSO.items()}
    for locale, word, meaning in aligned_keywords(annotations):
        if meaning in english and " " not in word:
            (unspaced if locale in UNSPACED else found)[word][english[meaning]] += 2
    for name, place in english.items():
        found[name][place] += 100
    for characters, place in _HAN.items():
        for character in characters:
            unspaced[character][place] += 100
    return _sure(found), _sure(unspaced)


def _without_words(listed: Sequence[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    count = Counter(word for name, _ in listed for word in set(words_of(name)))
    for name, place in listed:
        own = [word for word in words_of(name) if count[word] == 1]
        if len(own) == 1 and len(own[0]) >= _SHORTEST:
            yield own[0], place


def _without_ends(listed: Sequence[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    names = [name.replace(" ", "") for name, _ in listed]
    before = len(_shared(names))
    after = len(_shared([name[::-1] for name in names]))
    for name, (_, place) in zip(names, listed, strict=True):
        own = name[before : len(name) - after]
        if own and (len(own) >= _SHORTEST or before or after):
            yield own, place


def _sure(found: dict[str, Counter[int]]) -> dict[str, int]:
    """Return the words that mean one colour, most of the times they were met."""
    sure = {}
    for word, places in sorted(found.items()):
        place, times = places.most_common(1)[0]
        if times > 0.6 * places.total():
            sure[word] = place
    return sure


def _shared(names: Sequence[str]) -> str:
    """Return what all names begin with."""
    first, last = min(names), max(names)
    length = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[:length]
