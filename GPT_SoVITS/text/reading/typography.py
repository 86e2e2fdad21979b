"""One form for characters that mean the same: quotes, apostrophes, spaces, dashes, full-width and presentation forms.

The forms after this step: ``'`` within words, ``"`` around them, ``-`` for hyphen and minus, ``–`` for a range, ``—``
for a break in thought, ``~`` for the wave dash, one kind of space, ``\\n`` for a line, no character without a sound.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

from GPT_SoVITS.text.reading.thousands import join_thousands

# Private-use characters stand for marks of the notation (``notation``); such characters in a text have no sound.
OBJECT_FIRST, OBJECT_LAST = 0xF0000, 0xFFFFD

_LINE_BREAKS = re.compile("\r\n?|[\u000b\u000c\u0085\u2028\u2029]")
_CANONICAL = {
    **dict.fromkeys("\u00ad\u061c\ufeff\ufffc\ufffd", ""),
    **dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4\u2032\uff07\u201b\u055a\ua78c", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\uff02\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\ufe63\uff0d\u2212\u2043\u02d7", "-"),
    **dict.fromkeys("\u2012\u2013", "–"),
    **dict.fromkeys("\u2014\u2015\u2e3a\u2e3b\ufe58\u2500\u2501", "—"),
    **dict.fromkeys("\u301c\u223c\u02dc", "~"),
    **dict.fromkeys("\u2026\u22ef", "…"),
    **dict.fromkeys("\u2236\ufe55", ":"),
    **dict.fromkeys("\u2215\u2044\u29f8", "/"),
    **dict.fromkeys("\u00d7\u2715\u2a2f", "×"),
    **dict.fromkeys("\u30fb\u2027\u00b7\u2022", "·"),
    **dict.fromkeys("\u2192\u21d2\u27a1\u2794", "→"),
    # Latin letters that are no letter with an accent, of which the English front end would say nothing.
    **{"ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L"},
    **{"đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i", "ŋ": "ng", "ħ": "h", "Ħ": "H"},
    "\u00b5": "\u03bc",
    "\u2252": "≈",
    **dict.fromkeys("\u00a9\u00ae\u2122\u2120", ""),
    **{
        "\u066b": ".",
        "\u066c": ",",
        "㈱": "株式会社",
        "㈲": "有限会社",
        "㈳": "社団法人",
        "㈶": "財団法人",
        "㈜": "주식회사 ",
    },
}
# Left as they are: punctuation of East Asian texts, powers, degrees, circled numbers (the language decides).
_KEPT = frozenset("，。！？：；、（）【】《》〈〉「」『』〔〕°²³¹⁰⁴⁵⁶⁷⁸⁹ⁿ½⅓⅔¼¾⅕⅛℃℉%‰…·～")
_BOXED = frozenset([*range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A)])
_NUMBERED = frozenset([*range(0x3220, 0x322A), *range(0x3280, 0x328A)])
"""Han numbers in brackets and circles; other words in them are said as words."""
_FRACTION = re.compile("[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
# A number with full-width separators of thousands. Without a sign of money or decimals it may be two numbers with a
# pause between them (双11，315家), which is how it is read.
_SEPARATED = re.compile(
    r"(?<![A-Za-z0-9/.，-])(?:(?<=[$¥￥€£])\d{1,3}(?:，\d{3})+|\d{1,3}(?:，\d{3})+(?=\.\d))(?!\d|-\d)"
)
# Numbers as most of Europe writes them, with points between thousands and a comma before decimals.
_POINTS_FOR_COMMAS = re.compile(
    r"(?<![\d.,])(?:\d{1,3}(?:\.\d{3})+,\d{1,2}|\d{1,3}(?:\.000){2,}"
    r"|\d{1,3}(?:[ .]\d{3})*,\d{1,2}(?= ?€)|(?<=€)\d+,\d{2}"
    r"|(?<=€ )\d+,\d{2})(?!\d|[.,]\d)"
)
_SWAPPED = str.maketrans(".,", ",.", " ")
_WAVE = re.compile("～(?= ?[-\\d$€£¥￥])")  # between the ends of a range; elsewhere it draws a sound out
_TERMINAL = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")  # colours of terminal output
# Signs of programs and of plain keyboards, between what they compare or join.
_COMPARED = re.compile(r"(?<=[\w)\]])( ?)([<>!=]=)(?= ?[-+(√\w])|(?<![^\s(（，、；;:：,])()([<>]=)(?= ?[\d.$€£¥￥])")
_COMPARISONS = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}
_ARROW = re.compile(r"(?<=[\w)\]]) ?[-=—]> ?(?=\w)")
_LONG_MINUS = re.compile(r"(?<![0-9A-Za-z℃°%)\]度도—–-])[—–](?=\d{1,3}(?:\.\d+)? ?(?:[℃℉°度]|도))")
_DEGREES = re.compile(r"° ?([CF])(?![A-Za-z])")
_ROMAN = re.compile("[\u2160-\u217f]+(?:/[\u2160-\u217f]+)*")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
# Numbers above twelve are rows that begin with a ten or more: ⅩⅢ.
_LARGE_ROMAN = re.compile("[ⅩⅬⅭⅮⅯⅹⅼⅽⅾⅿ][ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅬⅭⅮⅯⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅼⅽⅾⅿ]+")
_TWO = 2
_HAN = re.compile("[\u4e00-\u9fff]")
_WELL_FORMED = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
# 拿破仑III, 最终幻想VII, ドラクエIII; 企业VI and 某XX are none.
_AFTER_HAN = re.compile(
    "(?:(?<=[\u3041-\u30ff\u4e00-\u9fff])(?:II|III|(?<![打注])IV|(?<![用做看开開学學改])VI(?![设設系手视視])(?<![业業牌司]VI)|VII|VIII|IX|XI{1,3}|XIV|XVI{0,3})(?![A-Za-z0-9])"
    "|(?<![A-Za-z0-9'-])(?:I{1,3}(?=[级級期])|(?:I{2,3}|IV|VI{0,3})(?=[级級]|[类類]|期)|I{2,3}(?=型)|IV(?=型)))"
)
_RULER = re.compile(
    "(?:拿破[仑崙]|路易|伊[丽麗]莎白|亨利|[爱愛]德[华華]|[乔喬]治|理查|[约約]翰|查理|威廉|腓特烈|[凯凱叶葉]\\w{1,4}琳娜?|尼古拉|[亚亞][历歷]山大|"
    "保[罗羅]|本笃|菲利普|腓力|居[鲁魯]士|大流士)$"
)
_SPACES = re.compile(" {2,}")
_LINE_EDGES = re.compile(" *\n *")


def _is_emoji(code: int) -> bool:
    return (
        0x1F000 <= code <= 0x1FAFF
        or 0x2600 <= code <= 0x27BF
        or 0x2B00 <= code <= 0x2BFF
        or 0xFE00 <= code <= 0xFE0F
        or code in (0x20E3, 0x231A, 0x231B, 0x23E9, 0x23F0, 0x23F3, 0x3030, 0x303D)
    )


def _form(char: str) -> str:
    """Return what stands for a character that is not plain ASCII."""
    known = _CANONICAL.get(char)
    if known is not None or char in _KEPT:
        return char if known is None else known
    code = ord(char)
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))  # of every script
    if category == "Zs" or char == "\t":
        return " "
    if category in ("Cc", "Cf", "Co", "Cn", "Cs"):
        return ""
    if code in _BOXED:
        return chr(ord("A") + (code - 0x1F130) % 32)
    if _is_emoji(code) or 0xE0000 <= code <= 0xE007F:
        return " "
    if _ROMAN.match(char):
        return char  # rows of them are read together
    if 0x249C <= code <= 0x24E9 or (0x3200 <= code <= 0x32FF and code not in _NUMBERED):
        return unicodedata.normalize("NFKC", char)  # circled and bracketed letters and words
    if 0x2460 <= code <= 0x24FF or code in _NUMBERED:
        return char  # circled and bracketed numbers
    if 0xF900 <= code <= 0xFAFF or 0x2E80 <= code <= 0x2FDF or code >= 0xFF00 or category in ("No", "Nl"):
        return unicodedata.normalize("NFKC", char)
    if 0x3300 <= code <= 0x33FF or 0xFB00 <= code <= 0xFB06 or 0x2100 <= code <= 0x214F or 0x1D400 <= code <= 0x1D7FF:
        return unicodedata.normalize("NFKC", char)  # squared units, ligatures, letterlike signs
    return char


class _Table(dict[int, str]):
    """A table for ``str.translate`` that is filled as characters come."""

    def __missing__(self, code: int) -> str:
        plain = OBJECT_FIRST <= code <= OBJECT_LAST or code == ord("\n") or 0x20 <= code < 0x7F
        form = chr(code) if plain else _form(chr(code))
        if len(self) < 100_000:
            self[code] = form
        return form


@cache
def _table() -> _Table:
    return _Table()


def without_private_use(text: str) -> str:
    """Return the text without characters that could be taken for marks of the notation, and without lone surrogates."""
    if text.isascii():
        return text
    return _PRIVATE.sub("", text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


_PRIVATE = re.compile(f"[{chr(OBJECT_FIRST)}-{chr(sys.maxunicode)}]")


def _roman(match: re.Match[str]) -> str:
    """Return a row of Roman numerals as numbers: ⅠⅡ and Ⅰ/Ⅱ are two, ⅩⅢ is one."""
    numbers = [number for row in match[0].split("/") for number in _values(row)]
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    words = [*map(str, numbers)]
    if numbers[-1] == _TWO and _HAN.match(after):
        words[-1] = "二"  # of a row, and never 两
    return ("、" if before.isdigit() else "") + "、".join(words) + ("、" if after.isdigit() else "")


def _behind_a_name(match: re.Match[str]) -> str:
    """Return the number of a ruler or of a part: 路易XIV is 路易14世."""
    value, after = _value(match[0]), match.string[match.end() : match.end() + 1]
    ruler = _RULER.search(match.string, max(match.start() - 8, 0), match.start())
    of_a_row = _HAN.match(after) or (ruler and _HAN.match(match.string, match.start() - 1))
    number = "二" if value == _TWO and of_a_row else str(value)
    return f"{number}世" if ruler and after != "世" else number


def _values(row: str) -> list[int]:
    letters = unicodedata.normalize("NFKC", row).upper()
    if _LARGE_ROMAN.fullmatch(row) and _WELL_FORMED.fullmatch(letters):
        return [_value(letters)]
    return [_value(unicodedata.normalize("NFKC", sign).upper()) for sign in row]


def _value(letters: str) -> int:
    values = [_ROMAN_DIGITS[letter] for letter in letters]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _fraction(match: re.Match[str]) -> str:
    after = match.string[match.end() : match.end() + 1]
    return " " + unicodedata.normalize("NFKC", match[0]).replace("\u2044", "/") + (" " if after.isdigit() else "")


def unify(text: str) -> str:
    """Return the text in one form of every character; what has no sound is left out, lines end in ``\\n``."""
    text = _LINE_BREAKS.sub("\n", _TERMINAL.sub("", text) if "\x1b" in text else text)
    text = join_thousands(unicodedata.normalize("NFC", text) if not text.isascii() else text)
    text = _ROMAN.sub(_roman, _FRACTION.sub(_fraction, text.translate(_table())))
    text = _AFTER_HAN.sub(_behind_a_name, text) if "I" in text or "X" in text else text
    text = _WAVE.sub("~", _SEPARATED.sub(lambda found: found[0].replace("，", ","), text))
    if "." in text or "€" in text:
        text = _POINTS_FOR_COMMAS.sub(lambda found: found[0].translate(_SWAPPED), text)
    if "=" in text:
        text = _COMPARED.sub(lambda found: (found[1] or "") + _COMPARISONS[found[2] or found[4]], text)
    if ">" in text:
        text = _ARROW.sub("→", text)
    if "—" in text or "–" in text:
        text = _LONG_MINUS.sub("-", text)
    if "°" in text:
        text = _DEGREES.sub(lambda match: {"C": "℃", "F": "℉"}[match[1]], text)
    return _LINE_EDGES.sub("\n", _SPACES.sub(" ", text)).strip(" ")
