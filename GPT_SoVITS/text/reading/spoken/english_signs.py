"""Calculations, ranges, the remaining numbers, and signs in English."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule, said
from GPT_SoVITS.text.reading.scripts import GREEK
from GPT_SoVITS.text.reading.spoken import english_multiples
from GPT_SoVITS.text.reading.spoken.english_multiples import COMPARED
from GPT_SoVITS.text.reading.spoken.english_numbers import quantity, spelled, year
from GPT_SoVITS.text.reading.spoken.patterns import (
    AFTER_POWER,
    BEFORE,
    CALCULATED,
    COUNTDOWN,
    DASH,
    NUMBER,
    SCIENTIFIC,
    counted_down,
    either,
    plain,
)

_LONGEST_QUANTITY = 11  # digits; a longer number without separators is read digit by digit
_GREEK = {
    **{"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu"},
    **{"π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "ψ": "psi", "ω": "omega"},
    **{"Γ": "gamma", "Δ": "delta", "Θ": "theta", "Λ": "lambda", "Π": "pi", "Σ": "sigma", "Φ": "phi", "Ψ": "psi"},
    **{"Ω": "omega"},
}
_OPERATORS = {
    **{"+": " plus ", "-": " minus ", "–": " minus ", "×": " times ", "x": " times ", "X": " times ", "*": " times "},
    **{"÷": " divided by ", "=": " equals ", "<": " is less than ", ">": " is greater than "},
    **{"≥": " is at least ", "≤": " is at most ", "≠": " is not equal to ", "≈": " is about "},
    **{"±": " plus or minus "},
}
_BEFORE_NUMBERS = {
    **{"±": "plus or minus ", "≥": "at least ", "≤": "at most ", "≈": "about ", "<": "less than ", ">": "more than "},
    **{"≠": "not equal to ", "~": "about "},
}
_NAMED_SIGNS = {
    **{"€": " euros ", "£": " pounds ", "¥": " yen ", "$": " dollars ", "¢": " cents ", "°": " degrees "},
    **{"‰": " per thousand "},
}
_POWERS = {"²": " squared", "³": " cubed"}
_POWER_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_NO_COUNTED = "(?:is|was|equals?|are|and|plus|minus|times|or|gives?|makes?)"
_LISTED = re.compile(
    r"\b(?:pp\.|ages?|aged|pages|lines|verses|grades|(?P<one>page|chapter|line|verse|grade|room|level))s?\s$",
    re.IGNORECASE,
)
_SEEN = 12  # characters before a range in which its numbers are named
_SEEN_OF_MATCH = 40
_MATCH = re.compile(r"\b(?:final|scores?|scored|won|lost|beats?|half-?time|full-time)\b")
_TEAM_BEFORE = re.compile(r"[A-Z][a-z]+ \d{1,3}$")
_TEAM_AFTER = re.compile(r"\d{1,3} [A-Z][a-z]+")
_PERIODS = {
    **{name: name for name in ("second", "minute", "hour", "day", "night", "week", "month", "year", "person")},
    **{"sec": "second", "min": "minute", "hr": "hour", "mo": "month", "yr": "year", "kg": "kilogram", "lb": "pound"},
}
_TO_THOUSANDS = r"(?:\d{1,3}(?:,\d{3}){1,2}|\d{1,4})(?![\d,]*\d)"
_TERM = r"[\d.)\]A-Za-z²³\ue000\u0391-\u03c9]"


def rules() -> Iterable[Rule]:
    """Yield the rules of calculations, ranges, numbers that nothing else has read, and signs."""
    yield from _calculations()
    yield from _ranges()
    yield from _numbers()
    yield from _signs()


def times() -> Iterable[Rule]:
    """Yield the rules of signs between two numbers: of a size where it touches both, else of a product; 1e-5."""
    yield rule(COUNTDOWN, counted_down(", "), "dash")
    yield rule(
        rf"{BEFORE}(?P<first>{_TO_THOUSANDS})(?P<dash> - )(?=(?P<second>{_TO_THOUSANDS})"
        rf"(?:\s(?P<counted>(?!{_NO_COUNTED}\b)[a-z]{{2,}})|[.,;]?$|[.,;]\s|\s(?:are|is|were|was|and|or)\s))",
        _counted_range,
        "dash",
    )
    yield rule(r"(?<=\d) - (?=\d{1,3}(?![\d=]))(?<!\d{4} - )", _score)
    yield from english_multiples.rules()
    yield rule(SCIENTIFIC, _scientific)
    yield rule(r"(?<=\d)[xX×](?<!^0.)(?<![^\d.]0.)(?=\d+(?![\d\s]*=))", said(" by "))
    yield rule(
        r"(?<=\d)\s[xX]\s(?=\d)|(?<=\d)[xX](?<!^0.)(?<![^\d.]0.)(?=\d)|(?<=[)\ue000])\s[xX]\s(?=[\d(\ue000])",
        said(" times "),
    )


def _score(match: Match) -> str | None:
    """The final was 3 - 2, Lakers 110 - 105 Celtics."""
    text, start, end = match.string, match.start(), match.end()
    named = _TEAM_BEFORE.search(text, max(start - _SEEN_OF_MATCH, 0), start) and _TEAM_AFTER.match(text, end)
    spoken_of = _MATCH.search(text, max(start - _SEEN_OF_MATCH, 0), end + _SEEN_OF_MATCH)
    return " to " if named or spoken_of else None


def _counted_range(match: Match) -> str | None:
    """10 - 15 people: a range of what is counted, or of pages, where it goes up; Room 5 - 3 beds is none."""
    named = _LISTED.search(match.string, max(match.start() - _SEEN, 0), match.start())
    rises = int(plain(match["first"])) < int(plain(match["second"]))
    if match["counted"]:
        return " to " if rises and not (named and named["one"]) else ", "
    return " to " if rises and named else None


def _calculations() -> Iterable[Rule]:
    yield rule(r"(?<=[A-Za-z]{2}) > (?=[A-Z][a-z])", said(", "))  # a way through menus
    yield rule(r"(?<![A-Za-z])([fghFGH])\(([a-z])\)", lambda m: f"{m[1]} of {m[2]}")
    yield rule(r"(?<=\d)!(?=\s?[=+×÷*/-])", said(" factorial"))
    yield rule(r"\s?&&\s?", said(" and "))
    yield rule(r"\s\|\|\s", said(" or "))
    yield rule(r"(?<=[\w)\]])\s?([-+*])=\s?(?=[\w(])", lambda m: f" {_OPERATORS[m[1]].strip()} equals ")
    yield rule(r"(?<=[=×÷+<>≥≤≈±≠])\s?-\s?(?=[\d.])", said(" negative "))
    yield rule(r"√\s?(?=[\d\ue000])", said("the square root of "))
    yield rule(r"√\s?(?=[A-Za-z(])", said("the square root of "))
    yield rule(
        rf"(?<=[\d\ue000)²³]) - {CALCULATED}|(?:(?<=[\d²³])|(?<=\d[A-Za-z])) - (?=[\d(])"
        r"|(?<=\b[A-Za-z]) - (?=\d|[A-Za-z]\b)",
        said(" minus "),
    )
    yield rule(r"(?<=[A-Za-z_\])]) - (?=\d+(?:\.\d+)?(?P<closed>\s?[)\]])?)", _minus_of_names)
    yield rule(r"\) - (?=[\d(])", _minus_of_brackets)
    yield rule(AFTER_POWER, said(" minus "))
    yield rule(r"(?<=[\w)\]])[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+", _power)
    yield rule(r"(?<=[\w)\]])\^\(?([-+]?\d+(?:\.\d+)?|[A-Za-z])(?![A-Za-z])\)?", _raised)
    yield rule(
        r"(?<=\d)\s?[xX](?![\w×])"
        rf"(?=\s{COMPARED}\b)",
        said(" times"),
    )
    yield rule(r"(?<=[\d\ue000)²³A-Za-z])\s?[-–](?=\s?[\d.]+[²³]?\s?(?:=|equals))", said(" minus "))
    yield from _hearts()
    yield rule(r"(?<=[A-Za-z]{2})\s?(?P<sign>[<>≥≤])\s?(?=[\d$€£¥.\ue000])", _compared_to)
    yield rule(
        rf"(?<={_TERM})\s?(?:[×÷=<>≥≤≠≈]|={{2,3}})\s?(?=[-(√]?{_TERM})",
        lambda m: _OPERATORS[m[0].strip()[0]],
    )
    yield rule(rf"(?<=[\d)\ue000])\s?[+*]\s?(?=[-(√]?{_TERM})(?!\.(?!\d))", lambda m: _OPERATORS[m[0].strip()])
    yield rule(r"(?<=\ue000)\+(?=[.,;:!?)]|\s|$)", said(" plus"))  # $250+.
    yield rule(rf"(?<={_TERM})\s?\+\s?(?=[\dA-Za-z(\ue000])", said(" plus "))
    yield rule(r"(?<=[\d\ue000)A-Za-z])\s?=(?=\s?(?:\?|$|_))", said(" equals "))
    yield rule(r"(?<=[\w)\ue000])\s?=\s?(?=[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7af])", said(" equals "))
    yield rule(r"(?<=[\d)\ue000])\s[+](?=\s?=|\s?$)", said(" plus "))
    yield rule(r"(?<!\S)\+\s(?=\d)", said("plus "))
    yield rule(r"[±≥≤≈<>≠]\s?(?=[\d$€£¥\ue000.])|(?<![\w)\]\ue000~])~\s?(?=[\d$€£¥\ue000.])", _before_number)


_EQUATION = re.compile(r"[=(\[]\s?[\w.\[\]()+*/ ]{1,30}$")


def _minus_of_names(match: Match) -> str | None:
    """Most = left - 1, obj[length - 1]: calculations; in a sentence it is a pause."""
    text, start = match.string, match.start()
    equation = _EQUATION.search(text, max(start - _SEEN_OF_MATCH, 0), start)
    return " minus " if equation and (match["closed"] or equation[0][0] == "=") else None


_WORDS_IN_BRACKETS = re.compile(r"\([^()=]*[A-Za-z]{3}[^()=]*\)$")


def _minus_of_brackets(match: Match) -> str:
    """(x + 1) - 3 is a calculation, He won (the cup) - 3 times none."""
    aside = _WORDS_IN_BRACKETS.search(match.string, max(match.start() - _SEEN_OF_MATCH, 0), match.start() + 1)
    return ", " if aside else " minus "


_CLAUSE = re.compile(
    r"\b(?:[Ii]f|[Ww]hen|[Ww]hile|[Uu]ntil|[Ww]here|[Uu]nless|that|whether|because|since|assert)\s\w+$"
)
_SEEN_OF_CLAUSE = 30


def _compared_to(match: Match) -> str:
    """Node <18 is Node less than eighteen; a clause has a verb: if age < 18."""
    text, start = match.string, match.start()
    clause = _CLAUSE.search(text, max(start - _SEEN_OF_CLAUSE, 0), start)
    return _OPERATORS[match["sign"]] if clause else f" {_BEFORE_NUMBERS[match['sign']]}"


def _hearts() -> Iterable[Rule]:
    """Yield the rules of <3 where it is a heart: a verb in I <3 you, decoration like an emoji at the end."""
    yield rule(
        r"\b(?:I|[Ww]e|[Yy]ou|[Tt]hey|u|really|still|just|always|do|will|also)\s(?P<heart><3)(?=\s(?!years|months|days)[A-Za-z])",
        said("love"),
        "heart",
    )
    yield rule(
        r"(?:[!?]|\b(?:you|u|ya|love|much|thanks|thx|guys|this|all|ever|it|him|her|everyone|babe|friends|day|night|hugs))\s"
        r"(?P<heart><3)(?=\s?(?:[.!?,<)]|$))",
        said(""),
        "heart",
    )
    yield rule(r"^<3$", said("love"))


def _ranges() -> Iterable[Rule]:
    yield rule(r"(?<=[\d\ue000])\s?[-–—]\s?(?=(?:noon|midnight)\b)", said(" to "))
    yield rule(r"\b(?:[Nn]oon|[Mm]idnight)(?P<dash>\s?[-–—]\s?)(?=[\d\ue000])", said(" to "), "dash")
    yield rule(rf"(?<=\d){DASH}(?=[\d$€£¥\ue000])|(?<=\ue000)(?! - [\d$€£¥]){DASH}(?=[\d$€£¥\ue000])", said(" to "))
    yield rule(r"(?<=[A-Za-z])(?:–|~)(?=[A-Za-z])", said("-"))
    yield rule(rf"(?<![\w)\]\ue000])-(?={NUMBER}|\.\d|\ue000)", said("negative "))
    yield rule(r"(?<![\w)\]])\+(?=[\d.]*\d|\ue000)", said("plus "))
    yield rule(rf"{BEFORE}({NUMBER})\+", lambda m: quantity(m[1]) + " plus")


def _numbers() -> Iterable[Rule]:
    yield rule(rf"{NUMBER}|\.\d+", _any_number)
    # A letter of a formula, not of a Greek word.
    yield rule(
        f"(?<![{GREEK}]{{2}})(?![{GREEK}]{{3}})(?!(?<=[{GREEK}])[{GREEK}]{{2}})[{''.join(_GREEK)}]",
        lambda m: f" {_GREEK[m[0]]} ",
    )
    yield rule("[\u2460-\u2473]", lambda m: quantity(str(ord(m[0]) - 0x245F)))


def _signs() -> Iterable[Rule]:
    yield rule(r"(?<=[A-Za-z])_(?=[\d\ue000])|(?<=[\d\ue000])_(?=[A-Za-z])", said(" underscore "))
    yield rule(r"\bRm\b\.?(?=\s\ue000)", said("room"))
    yield rule(rf"(?<=[A-Za-z])/({'|'.join(_PERIODS)})\b", lambda m: f" per {_PERIODS[m[1]]}")
    yield rule(r"(?<=[\d\ue000])\s?[↑↓]", lambda m: {"↑": " up", "↓": " down"}[m[0].strip()])
    yield rule(r"[↑↓]\s?(?=[\d\ue000])", lambda m: {"↑": "up ", "↓": "down "}[m[0].strip()])
    yield rule(r"(?<=[\w\ue000.])[()\[\]{}\"]+(?=\s?[，、；：,:;…])", said(""))
    yield rule(r"(?<=[\w\ue000%.!?'])\)(?=\s(?![ぁ-ん])[\w\ue000$€£])", _closed)
    yield rule(
        r"(?<=[\w\ue000%])(?<!\bif)(?<!\bor)(?<!\band)(?<!\bnot)(?<!\bfor)(?<!while)(?<!return)\s\("
        r"(?!(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\.?[)\ue000])(?=[^()\n]{2,80}[)\ue000])",
        said(", "),
    )
    yield rule(r"(?<=[\d\ue000])'(?=[,.;:]|$)", said(""))
    yield rule(r"(?<=[Pp]ress\s)#|(?<=[Dd]ial\s)#(?=\d)", said("pound "))
    yield rule(r"(?<=[Pp]ress\s)\*|(?<=[Dd]ial\s)\*(?=[\d\ue000])", said("star "))
    yield rule(r"(?<=\s)[:;]'?-?[()DPp|/](?=\s|$|[.,!?])|(?<=\s)<3(?!\d)", said(""))
    yield rule(r"(?<=\ue000)T(?=\ue000)", said(", "))
    yield rule(r"(?<=[\w\ue000])\s?&\s?(?=[\w\ue000])", said(" and "))
    yield rule(r"\bn/a\b|\bN/A\b", said("N A"))
    yield rule(r"(?<![A-Za-z\ue000])'|(?<=\ue000)'(?=[A-Za-z]{3})|'(?![A-Za-z])|[&%](?!\w)", said(" "))
    yield rule(r"(?<=[\w\ue000])/(?=[\w\ue000])", said(" "))
    yield rule(r"\s*…(?=\s+[\"'A-Z])|\s*…\s*$", said("."))
    yield rule(r"\s*(?:[—–→;:|…]|--+)|\s+-(?=\s)", said(", "))
    yield rule(rf"(?<=[a-z])\s-(?={_GOING_ON}\s)", said(", "))
    yield rule(r"[，、；：]", said(", "))
    yield rule(r"§\s?(?=[\d\ue000])", said("section "))
    yield rule("∞", said(" infinity "))
    yield rule(rf"(?<=[\d\ue000])\s?[{''.join(_NAMED_SIGNS)}]", lambda m: _NAMED_SIGNS[m[0].strip()])
    yield rule(r"(?<=[\w\ue000.,!?])[()\[\]{}\"“”«»]+(?=[\w\ue000])", said(" "))
    yield rule(r"(?<=\w)@(?=\w)", said(" at "))
    yield rule(r"[#*_~^\\<>=+@/]+", said(" "))


_GOING_ON = either(
    "or and but not no so if when even just maybe perhaps especially usually because which who though then"
)
"""Behind the dash of a break in thought: I can go -or not."""
_NO_ASIDE = re.compile(r"\b(?:if|or|and|not|for|while|return)\s$")


def _closed(match: Match) -> str | None:
    """What stood in brackets had a pause before it, and has one behind it."""
    text, start = match.string, match.start()
    opened = text.rfind("(", max(start - 80, 0), start)
    apart = opened > 0 and text[opened - 1].isspace() and start - opened > 2
    return "," if apart and not _NO_ASIDE.search(text, max(opened - 8, 0), opened) else None


def _before_number(match: Match) -> str:
    return _BEFORE_NUMBERS[match[0].strip()]


def _power(match: Match) -> str:
    sign = match[0]
    if sign in _POWERS:
        return _POWERS[sign]
    return " to the power of n" if "ⁿ" in sign else _to_the_power(sign.translate(_POWER_DIGITS))


def _raised(match: Match) -> str:
    power = match[1]
    if power.isalpha():
        return f" to the power of {power}"
    before = match.string[match.start() - 1]
    if power in ("2", "3") and before.isalpha():
        return " squared" if power == "2" else " cubed"
    return _to_the_power(power)


def _scientific(match: Match) -> str:
    return f"{quantity(match['number'])} times ten{_to_the_power((match['minus'] or '') + match['power'])}"


def _to_the_power(number: str) -> str:
    return f" to the power of {'minus ' if number[0] == '-' else ''}{_of_power(number.lstrip('+-'))}"


def _of_power(digits: str) -> str:
    return spelled(digits) if len(digits) > _LONGEST_QUANTITY else quantity(digits)


def _any_number(match: Match) -> str:
    text = match[0]
    if len(text) > 1 and text.startswith("0") and "." not in text:
        return spelled(text)
    if len(text) > _LONGEST_QUANTITY and text.isdigit():
        return spelled(text)
    return year(text) if re.fullmatch(r"[12]\d{3}", text) else quantity(text)
