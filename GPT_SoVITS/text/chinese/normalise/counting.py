"""Plain numbers: ranges, negatives, versions, decimals, counted things, digit strings and the rest."""

from __future__ import annotations

import re

from GPT_SoVITS.text.chinese.normalise.numerals import digits, number, signed
from GPT_SoVITS.text.chinese.normalise.rules import rule

# What can be counted: classifiers and units of which one character is enough, and those that need two.
_CLASSIFIER_CHARACTERS = (
    "万丈世丘丝两个丸亩人亿代令件伏位例元冬出刀分列刻勺匹千升单卮厘双叠口只台合名吨周啖回场块坡堂堆堵墙壳壶处夏夜天头套季客家寸对寻封尺尾层山岁岭常幅"
    "幢平年床座张忽户所手扎打批把担挑捆撮支斗斛斤方日旬时春曲更月本朵条杯板枚枝架栋株根桶棵段毛毫江泡注溪炮煲片瓶百盆盏盒盘目石砣碗碟秋秒程窠笼管箩箱篇篮"
    "簋米粒纪线罐网罗群脚腔艘袋袭角课贯贴趟跳身辆辈道里针钟钧钱钵铢铺锅锱间阙队阵面页顶项颗首"
)
_CLASSIFIER_WORDS = ("公分", "十吨", "小时", "微克", "微米", "美元")
CLASSIFIER = rf"[{_CLASSIFIER_CHARACTERS}]|{'|'.join(_CLASSIFIER_WORDS)}"
_SIGNED = r"-?\d+(?:\.\d+)?"


@rule(rf"(?<![\d+\-×÷=])({_SIGNED})~({_SIGNED})(?![\d+\-×÷=])")
def number_range(match: re.Match[str]) -> str:
    """``3~5``, ``1.5~2.5``: 到, unless the numbers belong to a calculation (``3-5`` does, its sign is 减)."""
    return f"{signed(match[1])}到{signed(match[2])}"


@rule(r"-(\d+)")
def negative(match: re.Match[str]) -> str:
    """``-10``: 负十."""
    return f"负{number(match[1])}"


@rule(r"(?<!\d)\d+(?:\.\d+){2,}")
def version(match: re.Match[str]) -> str:
    """``3.11.2``: digit by digit, with 点."""
    return "点".join(map(digits, match[0].split(".")))


@rule(r"-?(?<!\d)\d+\.\d+|\.\d+")
def decimal(match: re.Match[str]) -> str:
    """``3.14``, ``.5``."""
    return signed(match[0])


@rule(rf"(?<!\d)(\d+)([多余几+])?(?={CLASSIFIER})")
def counted(match: re.Match[str]) -> str:
    """``2个``, ``30多人``: two of something is 两; ``+`` is 多."""
    spoken = number(match[1])
    more = "多" if match[2] == "+" else match[2] or ""
    return ("两" if spoken == "二" else spoken) + more


@rule(r"\d{3,}")
def digit_string(match: re.Match[str]) -> str:
    """``110``, ``10086``: three or more digits that nothing else explains, as on the telephone."""
    return digits(match[0], telephone=True)


@rule(rf"{_SIGNED}|\.\d+")
def any_number(match: re.Match[str]) -> str:
    """What is left."""
    return signed(match[0])


RULES = (number_range, negative, version, decimal, counted, digit_string, any_number)
