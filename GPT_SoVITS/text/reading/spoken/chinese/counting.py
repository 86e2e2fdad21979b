"""What is counted in Chinese, where 2 is 两, and numbers of which nothing else is known."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.chinese.normalise.counting import CLASSIFIER as OFFICIAL_CLASSIFIER
from GPT_SoVITS.text.chinese.normalise.numerals import cardinal, digits
from GPT_SoVITS.text.reading.draft import TAKEN, Rule
from GPT_SoVITS.text.reading.spoken.chinese.words import MEASURE, counted, exact, number, quantity
from GPT_SoVITS.text.reading.spoken.patterns import NUMBER, rule, said, scaled

Match = re.Match[str]

_CLASSIFIER = (
    rf"{OFFICIAL_CLASSIFIER}|公里|千米|厘米|毫米|公斤|千克|毫升|平方|立方|海里|英里|英尺|英寸|周岁|星期|礼拜|分钟|分鐘|小時|"
    "部|种|種|所|个|個|名|位|件|样|樣|句|章|顿|遍|番|届|期|轮|項|岁|歲|天|夜|周|次|倍|碗|杯|只|隻|條|張|輛|間|棵|朵|"
    "[点點国國成折边邊侧端笔筆股波步局集瓶胜勝战球拨晚站代席圈袋份千萬億兆角秒时時对對双雙门門颗顆滴排棟栋组組类類頁場處戶餐餸蚊樽嚿磅"
    "粒包盒罐勺匙斤克米元块塊毛年小日男女仔]"
)
# Where 2 is a number in a row, not two of something.
_ORDINAL = (
    r"(?:[月号號楼樓班级級等路线線版环環维維胎孩阶階审審婚手型档檔两更房中院区區厂厰队隊]|年[级級]|年[一二三1-9A-Z(（]?班|单元|單元|"
    "次[元方函曲幂]|元[一二三]?次|元[方函论]|[进進]制|氧化|人[转轉]|代(?!人)|期(?:工程|项目|规划)|小(?!时|時|勺|匙|碗|杯|块|塊|片|包|份|盒|袋|瓶))"
)
_ERAS = frozenset(
    (
        "昭和",
        "平成",
        "令和",
        "大正",
        "民国",
        "民國",
        "康熙",
        "乾隆",
        "雍正",
        "嘉庆",
        "道光",
        "光绪",
        "贞观",
        "洪武",
        "永乐",
        "万历",
    )
)
_CIRCLED = {chr(0x2460 + value): cardinal(str(value + 1)) for value in range(20)}


def _plain_number(match: Match) -> str:
    if match.string[match.start() - 1 : match.start()] == "第":
        return exact(match[0]) if match[0].isdigit() else quantity(match[0])
    return number(match[0])


def _two(match: Match) -> str:
    return "二"


def _counted(match: Match) -> str:
    """Return a number before a measure; the second year of an era and the second floor are no two of them.

    Nobody counts with 02: it is a month, a class or a number in a row.
    """
    if match[1].startswith("0") and match[1].isdigit():
        return exact(match[1])
    before, after = match.string[max(match.start() - 2, 0) : match.start()], match.string[match.end() : match.end() + 2]
    if before in _ERAS or (
        after[:1] in "层層" and after[1:2] not in ("楼", "樓") and before[-1:] in tuple("在到上去至负負")
    ):
        return exact(match[1])
    return counted(match[1])


def _circled(match: Match) -> str:
    """Return a circled number, with a pause between it and another number beside it."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    return f"{'，' if before == TAKEN else ''}{_CIRCLED[match[0]]}{'，' if after == TAKEN else ''}"


def rules(*, cantonese: bool) -> Iterable[Rule]:
    """Yield the rules of counts and of all other numbers.

    Args:
        cantonese: Whether 日 counts days where no month stands before it.
    """
    if cantonese:  # two characters in traditional writing, of which only this one is zek3
        yield rule(
            r"(?<=[\d\ue000一二三四五六七八九十百千两兩几幾半呢嗰每])(?<!唯一)只(?![需要係系可能剩限用會会想欠差])(?=[\u4e00-\u9fff，。、！？]|$)",
            said("隻"),
        )
    yield rule(r"(?<=[\d\ue000]秒)\d{2}(?![\d.])", lambda m: digits(m[0]))
    yield rule(r"(?<![\d.,])2(?=[房室居](?:\d|[一二两兩三])[厅廳卫衛房室])", said("两"))
    ordinal = _ORDINAL if cantonese else f"{_ORDINAL}|日"
    yield rule(rf"(?<![\d.,])2(?=\s?(?:{ordinal}))|(?<=月)2(?=日)|(?<=[点點时時:])2(?=分)|(?<=比)2(?![\d.,])", _two)
    yield rule(r"(?<![\d.,])(\d+(?:\.\d+)?)[wW](?![A-Za-z\d])", lambda m: quantity(scaled(m[1], "w")))
    yield rule(rf"(?<![\d.,第])2(?=\s?[-–—~至到\ue000]{{1,2}}\s?\d+(?:\.\d+)?\s?{MEASURE})", lambda m: counted(m[0]))
    yield rule(r"(?<=[点點时時])0\d(?=分)", lambda m: digits(m[0]))
    yield rule(rf"(?<![\d.,第])({NUMBER})(?=\s?[多余餘几幾]?(?:{_CLASSIFIER}))(?!\.)", _counted, 1)
    yield rule(rf"(?<=[\d\ue000]米)\d{{2}}(?!\d|\.|[多余]?(?:{_CLASSIFIER}))", lambda m: digits(m[0]))
    yield rule(r"(?<![\d\w.])\.\d+", lambda m: exact(m[0]))
    yield rule(NUMBER, _plain_number)
    yield rule("[\u2460-\u2473]", _circled)
