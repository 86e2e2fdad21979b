"""Calculations, ranges, minus and other signs in Japanese, and numbers that Open JTalk reads itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.japanese import shorthand
from GPT_SoVITS.text.reading.spoken.japanese.words import fraction_of, quantity
from GPT_SoVITS.text.reading.spoken.patterns import (
    AFTER_POWER,
    BEFORE,
    CALCULATED,
    COUNTDOWN,
    DASH,
    NUMBER,
    SCIENTIFIC,
    TIMES,
    VERSION,
    counted_down,
    rule,
    said,
)

Match = re.Match[str]

_OPERATORS = {
    **{
        "+": "たす",
        "-": "ひく",
        "×": "かける",
        "*": "かける",
        "÷": "わる",
        "=": "イコール",
        "<": "小なり",
        ">": "大なり",
    },
    **{"≥": "大なりイコール", "≤": "小なりイコール", "≠": "ノットイコール", "≈": "ニアリーイコール"},
}
_AT_LEAST = {"≥": "以上", "≤": "以下", "<": "未満", ">": "超"}
_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁻⁺", [*"0123456789", "エヌ", "マイナス", "プラス"], strict=True))
_FEW = dict(zip("12345678", ("イチ", "ニ", "サン", "シ", "ゴ", "ロク", "シチ", "ハチ"), strict=True))
_IN_ENGLISH = {"1": "ワン", "2": "ツー", "3": "スリー"}
_COUNTED = "[一-龥ァ-ヶぁ-ん%℃\ue000]"
_TERM = r"[\d.)A-Za-z²³\ue000]"


def _some(match: Match) -> str | None:
    """2、3人: a number and the next one are about as many, said without a pause."""
    first = match["first"]
    return _FEW[first] if int(match["second"]) == int(first) + 1 else None


def _some_days(match: Match) -> str | None:
    """2、3日: a stretch of days, which the third of a month is not."""
    first, after = _some(match), _FEW.get(match["second"], "キュー")
    return f"{first}{after}ニチ" if first else None


def _circled(match: Match) -> str:
    """Return circled numbers, with a pause between them and another number beside them."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    numbers = "、".join(str(ord(sign) - 0x245F) for sign in match[0])
    return f"{'、' if before.isdigit() else ''}{numbers}{'、' if after.isdigit() else ''}"


def _power(match: Match) -> str:
    spoken = "".join(_POWERS[sign] for sign in match[0])
    return f"の{quantity(spoken) if spoken.isdigit() else spoken}乗"


def _raised(match: Match) -> str:
    exponent = match["exponent"]
    spoken = _POWERS["ⁿ"] if exponent.isalpha() else exponent.lstrip("-")
    return f"の{'マイナス' if exponent[0] == '-' else ''}{spoken}乗"


def _subtracted(match: Match) -> str | None:
    """20 - 5は15です: a sum that is spoken of, or whose result is right."""
    result = match["result"]
    right = result is not None and int(match["first"]) - int(match["second"]) == int(result)
    return "ひく" if match["sum"] or right else None


def before_numbers() -> Iterable[Rule]:
    """Yield the rules of words and signs that decide what the numbers beside them are."""
    yield rule(SCIENTIFIC, _scientific)
    yield rule(COUNTDOWN, counted_down("、"), "dash")
    yield rule(r"(?<=\d) (?=[$¥￥€£]\s?\d)", said("、"))
    yield rule(r"(?<![\d第.,])(?<!\d、)(?P<first>[1-8])、(?P<second>[2-9])(?P<days>日(?!曜|本))", _some_days)
    yield rule(
        r"(?<![\d第.,])(?<!\d、)(?P<few>(?P<first>[1-8])、)(?=(?P<second>[2-9])"
        r"(?:[人個回本枚分年度杯匹名歳軒台冊泊曲通割歩]|時間|週間|[ヶヵかカケ]月|キロ))",
        _some,
        "few",
    )
    yield rule(rf"(?<=\d)\s?{TIMES}\s?(?=\d)", said("かける"))
    yield rule(r"(?:(?<=いう)|(?<=[そこあど]んな))風(?=[にでなのだ、。]|$)", said("ふう"))
    yield rule(r"(?<=[人名])([12])組(?!目)", lambda m: {"1": "ひとくみ", "2": "ふたくみ"}[m[1]])
    yield rule(r"(?<![\d.])2人(?=組)", said("ふたり"))
    yield rule(r"(?<![\d.])0(?=時(?!間))", said("零"))
    yield rule(r"(?<![\d.])[123](?=(?:day|way|DAY|WAY)(?![A-Za-z]))", lambda m: _IN_ENGLISH[m[0]])
    yield rule(r"[\u2460-\u2473]+", _circled)
    yield rule(r"㈱|[(（]株[)）]", said("株式会社"))
    yield rule(r"㈲|[(（]有[)）]", said("有限会社"))
    yield rule(r"(?<=[A-Za-z])-(?=\d{1,3}(?!\d|-))", said(""))


def rules() -> Iterable[Rule]:
    """Yield the rules of fractions, versions, calculations, ranges and plain numbers."""
    n = NUMBER
    yield from _shares()
    yield rule(rf"{BEFORE}24/7(?![\d/.])", said("24時間週7日"))
    yield rule(rf"{BEFORE}(?:((?!0\d)\d+) )?(\d+)/(\d+)(?![\d/])", _fraction)
    yield rule(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\.?\d)", lambda m: "テン".join(m[0].split(".")))
    yield rule(rf"{VERSION}", lambda m: "テン".join(m["version"].split(".")), "version")
    yield rule(AFTER_POWER, said("ひく"))
    yield rule(r"(?<=[\w)\]])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+", _power)
    yield rule(r"(?<=[\w)\]\ue000])\^[({]?(?P<exponent>-?\d{1,4}|[nN](?![A-Za-z]))[)}]?", _raised)
    yield rule(r"(?<=[=×÷+<>≥≤≈(])\s?-\s?(?=[\d.])", said("マイナス"))
    yield rule(
        r"(?<![\d.,-])(?P<first>\d{1,9})(?P<minus> - )(?=(?P<second>\d{1,9})"
        r"(?:(?P<sum>[をの](?:計算|答え?|解|差|結果|暗算)|は\s?(?:いくつ|いくら|何(?![人名個本枚回時分]))|はなに)|は(?P<result>\d{1,9})))",
        _subtracted,
        "minus",
    )
    yield rule(
        rf"(?<={_TERM}) - {CALCULATED}|(?:(?<=[\d)²³])|(?<=\d[A-Za-z])) - (?=[\d(])(?!\d+\s?{_COUNTED})"
        r"|(?<=[\dA-Za-z\ue000])\s?-\s?(?=[\dA-Za-z\ue000²³]{1,8}\s?=)",
        said("ひく"),
    )
    yield rule(rf"(?<={_TERM})\s?[+×÷=<>≥≤≠≈*]\s?(?=[-+(]?{_TERM})", lambda m: _OPERATORS[m[0].strip()])
    yield rule(r"(?<=[一-龥ぁ-んァ-ヶー])\s?[×÷]\s?(?=[\d\ue000])", lambda m: _OPERATORS[m[0].strip()])
    yield rule(rf"[≥≤<>]\s?({n})(?=\s?(?:%|\ue000)?)", lambda m: quantity(m[1]) + _AT_LEAST[m[0][0]])
    yield rule(r"(?<=[\w\ue000])\s?[≥≤<>]\s?(?=\ue000)", lambda m: _OPERATORS[m[0].strip()])
    yield rule(r"(?<=[\w\ue000])\s?[=≠≈]\s?(?=[\w\ue000?])", lambda m: _OPERATORS[m[0].strip()])
    yield rule(r"±(?=\s?[\d\ue000])", said("プラスマイナス"))
    yield rule(r"√(?=\d)", said("ルート"))
    yield rule(r"(?<![\w\ue000℃%)])~\s?(?=[\d\ue000])", said("約"))
    yield rule(r"(?<=[はがをにでとも])~(?=\d)", said("約"))
    yield rule(r"(?<=約)~\s?(?=\d)", said(""))
    yield rule(
        rf"(?<=[\d人円年月日時分個回度本枚歳階章話\ue000曜]){DASH}(?=[\d\ue000月火水木金土日午朝昼夕夜第翌])",
        said("から"),
    )
    yield from shorthand.after_ranges()
    yield rule(r"(?<=[一-龥ァ-ヶー])~(?=[一-龥ァ-ヶー])", said("から"))
    yield rule(rf"(?<![A-Za-z0-9\ue000)])-(?={n})", said("マイナス"))
    yield rule(r"(?<![A-Za-z0-9)])\+(?=[\d\ue000])", said("プラス"))
    yield rule(r"\b[Nn][Oo]\.?\s?(?=\d)", said("ナンバー"))
    yield rule(rf"{n}|(?<![A-Za-z])\.\d+", lambda m: quantity(m[0]))
    yield rule(
        r"[—–→]{1,2}|(?<=\S)\s--?(?=\s\S)|(?<=[\w\ue000])/(?=[\w\ue000])|(?<=[ぁ-んァ-ン一-龥])-(?=[ぁ-んァ-ン一-龥])",
        said("、"),
    )
    yield rule(r"(?<=[\d\ue000])\s?[↑↓]|[↑↓](?=\s?[\d\ue000])", lambda m: {"↑": "アップ", "↓": "ダウン"}[m[0].strip()])
    yield rule(r"&", said("アンド"))
    yield rule(r"@(?=\w)", said("アットマーク"))
    yield rule(r"(?<=[\w\ue000])\+", said("プラス"))
    yield rule(r"[,;:](?=\s?\S)", said("、"))
    yield rule(r"[#*_|\\^<>=+@/°%‰$€£¥￥]", said(""))


def _scientific(match: Match) -> str:
    minus = "マイナス" if match["minus"] else ""
    return f"{quantity(match['number'])}かける10の{minus}{match['power'].lstrip('0') or '0'}乗"


def _shares() -> Iterable[Rule]:
    """分 where it is a part or a tenth, and no minute: 3分の2, 5割3分, 九分九厘, 7分咲き."""
    digit = r"[\d一二三四五六七八九十百]"
    yield rule(rf"(?<={digit})分(?=の{digit}+(?![\d回本曲]))", said("ぶん"))
    yield rule(rf"(?<=割{digit})分|(?<={digit})分(?={digit}厘|咲|丈|袖|粥|づき)", said("ぶ"))
    yield rule(r"(?<!\d)5分5分(?![\d間])", said("五分五分"))


def _fraction(match: Match) -> str:
    whole = f"{quantity(match[1])}と" if match[1] else ""
    return f"{whole}{fraction_of(match[2], match[3])}"
