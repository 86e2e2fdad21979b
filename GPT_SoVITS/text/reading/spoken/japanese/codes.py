"""Numbers that name something, in Japanese: telephones, postcodes, addresses, cards, and those everybody knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Rule
from GPT_SoVITS.text.reading.spoken.japanese.words import by_digit, code_parts, each
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, is_long, rule

Match = re.Match[str]

_NO_MORE = r"(?![-–.,/:]?\d|\s?[=＝])"
_COUNTED = r"(?![名人個本枚回時分秒日月年歳円台杯匹度割週話章位倍点%℃]|ページ|[~–]\d)"


def _parts(match: Match) -> str:
    parts = match["code"].split("-")
    return by_digit(match["code"]) if is_long(parts) or parts[0] in ("0", "00") else code_parts(match["code"])


def rules() -> Iterable[Rule]:
    """Yield the rules; dates come before them."""
    one = r"\d{1,3}[-–~]\d{1,3}"
    yield rule(
        rf"{BEFORE}{one}(?:/{one}){{1,3}}(?=[月日人個本枚回時分年歳円階章話週号名巻])",
        lambda m: "、".join("から".join(re.findall(r"\d+", pair)) for pair in m[0].split("/")),
    )
    yield rule(rf"{BEFORE}\d{{4}}(?:[ -]\d{{4}}){{2,4}}(?![\d ])", lambda m: by_digit(m[0]))
    yield rule(
        rf"{BEFORE}(?:\+\d{{1,3}}[- ]?)?\(?0\d{{1,4}}[-)(]\s?\d{{1,4}}[-)]\d{{3,4}}(?!\d)", lambda m: by_digit(m[0])
    )
    yield rule(
        rf"{BEFORE}(?=0(?:\d ?){{9,10}}(?!\d))0\d{{1,4}} \d{{1,4}} \d{{3,4}}(?![\d.,])", lambda m: by_digit(m[0])
    )
    yield rule(rf"{BEFORE}\+\d{{1,3}}(?:[- ]\d{{1,4}}){{2,4}}(?!\d)", lambda m: by_digit(m[0]))
    yield rule(rf"{BEFORE}(0[5789]0)(\d{{4}})(\d{{4}})(?!\d)", lambda m: by_digit(f"{m[1]} {m[2]} {m[3]}"))
    yield rule(rf"{BEFORE}(0120|0800)-?(\d{{2,3}})-?(\d{{3,4}})(?!\d)", lambda m: by_digit(f"{m[1]} {m[2]} {m[3]}"))
    yield rule(
        r"(?<!郵便番号)(?<!郵便番号 )〒\s?(?P<digits>\d{3}-?\d{4})(?!\d)",
        lambda m: f"郵便番号{by_digit(m['digits'])}、",
    )
    yield rule(
        r"(?:電話|番号|携帯|暗証番号|パスワード|コード|郵便番号|〒|型番|品番|会員|ID|Ｉ?Ｄ)(?:番号)?[はがも:：]?\s?(?P<digits>\d{3,}(?:-\d+)*)"
        rf"(?![\d,.]*\d){_COUNTED}",
        lambda m: by_digit(m["digits"]),
        "digits",
    )
    yield rule(
        r"(?:暗証番号|パスワード|コード|型番|品番|番号|ID)[はがも:：]?\s?[A-Za-z]{1,12}-?(?P<digits>\d{3,12})(?![\d,.-]*\d)",
        lambda m: by_digit(m["digits"]),
        "digits",
    )
    yield rule(rf"(?<=[A-Za-z])-?(?P<code>\d{{1,5}}-\d{{1,5}}){_NO_MORE}", lambda m: code_parts(m["code"]), "code")
    # 110 has a name of its own.
    yield rule(rf"{BEFORE}110番|{BEFORE}110(?=に?(?:通報|電話)|へ(?:通報|電話))", lambda m: "ひゃくとおばん")
    yield rule(rf"{BEFORE}1-\d{{3}}-\d{{3}}-\d{{4}}(?!\d)", lambda m: by_digit(m[0]))
    yield rule(
        rf"(?<=[区町村市郡目])\s?(?P<code>\d{{1,4}}(?:-\d{{1,4}}){{1,3}}){_NO_MORE}{_COUNTED}",
        lambda m: code_parts(m["code"]),
        "code",
    )
    yield rule(
        rf"[都道府県区町村市郡][一-龥ぁ-んァ-ヶー]{{1,10}}\s?(?P<code>\d{{1,4}}-\d{{1,4}}(?:-\d{{1,4}}){{0,2}}){_NO_MORE}{_COUNTED}",
        lambda m: code_parts(m["code"]),
        "code",
    )
    yield rule(rf"{BEFORE}(?P<code>\d{{1,7}}(?:-\d{{1,7}}){{2,7}}){_NO_MORE}", _parts)
    yield rule(
        rf"{BEFORE}(?P<code>\d{{1,3}}-\d{{1,4}})(?=号室|番地|号棟|[、。]?\d*号)", lambda m: code_parts(m["code"])
    )
    yield rule(rf"{BEFORE}(?P<code>7[0-8]7-\d{{1,3}})(?!\d){_COUNTED}", lambda m: code_parts(m["code"]))
    yield rule(rf"{BEFORE}(?:0\d{{2,}})(?![\d.,]|\s?[%℃円個人])", lambda m: each(m[0]))
