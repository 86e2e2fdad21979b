"""Numbers that are names in English: of telephones, cards, books, rooms, flights, models, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule, said
from GPT_SoVITS.text.reading.spoken.english_numbers import pairs, plural, quantity, spelled
from GPT_SoVITS.text.reading.spoken.patterns import BEFORE, either

_TELEPHONE = either(
    "[Cc]all [Cc]alling [Pp]hone [Tt]elephone [Dd]ial [Tt]el TEL [Ff]ax [Mm]obile [Hh]otline [Tt]ext [Rr]ing [Cc]ell"
)
_IDENTIFIER = either(
    "[Cc]ode [Pp]assword PIN [Pp]in ID [Zz]ip ZIP [Aa]ccount [Ss]erial [Pp]ostcode [Oo]rder [Ee]xtension [Ee]xt\\.? "
    "[Tt]racking [Pp]assport [Ii]nvoice [Tt]icket [Cc]ase [Rr]eference [Rr]ef\\.? [Pp]art [Bb]ooking SKU SSN VIN "
    "[Ll]icense [Cc]ard [Cc]onfirmation"
)
_CODE_PART = either(
    "[Pp]art [Oo]rder [Cc]ase [Ss]erial [Ii]nvoice [Tt]icket SKU [Rr]ef\\.? [Rr]eference [Tt]racking [Mm]odel"
)
_PLACE = either(
    "[Rr]oom [Ff]light [Rr]oute [Hh]ighway [Ss]uite [Aa]pt\\.? [Aa]partment [Uu]nit [Bb]us [Ii]nterstate [Bb]oeing "
    "[Aa]irbus [Mm]odel Rm\\.?"
)
_STATES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY])"
)


def rules() -> Iterable[Rule]:
    """Yield the rules of numbers that are said digit by digit, or in pairs."""
    yield from _parts()
    yield from _printed()
    yield from _telephones()
    yield from _named()


def _parts() -> Iterable[Rule]:
    """Codes of several parts behind letters, versions before their release, ports: none of them is a range."""
    yield rule(
        r"(?<=\d)-(?P<stage>alpha|beta|rc|pre|dev|preview|canary)(?P<number>\.?\d{1,4})?(?![\w])",
        lambda m: f" {'R C' if m['stage'] == 'rc' else m['stage']} {pairs((m['number'] or '').lstrip('.'))}".rstrip(),
    )
    yield rule(
        r"(?<=[A-Za-z])-(?P<code>\d{1,7}(?:-\d{1,7}){1,4})(?!\d|-\d)",
        lambda m: " " + " ".join(map(pairs, m["code"].split("-"))),
    )
    yield rule(
        r"(?:(?<=\s-p\s)|(?<=\ue000\ue000\s)(?=\d{4}))(?P<own>\d{2,5}):(?P<inner>\d{2,5})(?!\d)",
        lambda m: f"{pairs(m['own'])} colon {pairs(m['inner'])}",
    )
    yield rule(  # iPhone 5s: the letter of a model is no unit
        r"\b(?:[A-Za-z]?Phone|i?Pad|Pixel|Galaxy|Nexus|Redmi|Xperia|Mate|Nova|Note|OnePlus|Honor)\s?"
        r"(?P<at>(?P<number>\d{1,3})(?P<letter>[a-z]))(?!\w)",
        lambda m: f"{quantity(m['number'])} {m['letter'].upper()}",
        "at",
    )
    yield rule(
        r"\b(?:[Aa]t|[Tt]he|[Aa]n?|to|near|from|by|local|[Oo]ur)\s(?P<shop>7-11)(?!\d|[.,:-]\d|\s?[AaPp]\.?[Mm]\b|\s\w+s\b)",
        said("seven eleven"),
        "shop",
    )
    yield rule(r"\b(?:RTX|GTX|RX|MX|Ryzen\s\d)\s(?P<card>\d{4})(?!\d|[.,]\d)", lambda m: pairs(m["card"]), "card")


def _printed() -> Iterable[Rule]:
    """Numbers that are printed in groups: ISBN, cards, social security, ZIP codes."""
    yield rule(
        r"\bISBN(?:-1[03])?:?\s?(?P<digits>\d[\d -]{8,16}[\dX])(?![\dX-])", lambda m: _code(m["digits"]), "digits"
    )
    yield rule(rf"{BEFORE}97[89]-\d{{1,5}}-\d{{1,7}}-\d{{1,7}}-[\dX](?![\d-])", lambda m: _code(m[0]))
    yield rule(
        rf"{BEFORE}\d{{4}}(?:([ -])\d{{4}})(?:\1\d{{4}}){{1,3}}(?:\1\d{{1,3}})?(?![\d]|[.,]\d)", lambda m: spelled(m[0])
    )
    yield rule(rf"{BEFORE}3[47]\d{{2}}[ -]\d{{6}}[ -]\d{{5}}(?!\d)", lambda m: spelled(m[0]))
    yield rule(rf"{BEFORE}\d{{3}}-\d{{2}}-\d{{4}}(?![\d-])", lambda m: spelled(m[0]))
    yield rule(rf"\b{_STATES}\s(?P<zip>\d{{5}}(?:-\d{{4}})?)(?![\d-]|[.,]\d)", lambda m: spelled(m["zip"]), "zip")
    yield rule(
        r"\b(?:ending|ends)\s(?:in|with)\s(?P<digits>\d{3,6})(?![\d.,]\d)", lambda m: spelled(m["digits"]), "digits"
    )
    yield rule(rf"{BEFORE}7[0-8]7-(?P<series>[1-9]00|[1-9]|10)(?:ER|LR)?(?![\d-])", _aircraft)


def _telephones() -> Iterable[Rule]:
    yield rule(
        rf"{BEFORE}(?:\+?\d{{1,3}}[-. ])?(?:\(\d{{3}}\)\s?|\d{{3}}[-. ])\d{{3}}[-.]\d{{4}}(?!\d)",
        lambda m: spelled(m[0]),
    )
    yield rule(rf"{BEFORE}(?:\+\d{{1,3}}[- ]?)\(?\d{{1,5}}\)?(?:[- ]?\d{{2,5}}){{1,4}}(?!\d)", lambda m: spelled(m[0]))
    yield rule(
        rf"{BEFORE}1[38]00(?:[- ]\d{{3}}){{2}}(?!\d)|{BEFORE}1-\d{{3}}-\d{{3}}-\d{{4}}(?!\d)", lambda m: spelled(m[0])
    )
    yield rule(rf"{BEFORE}\d{{3}}-\d{{4}}(?![\d-])", lambda m: spelled(m[0]))
    # 020 7946 0958, 07700 900123, 1 800 555 0199
    yield rule(rf"{BEFORE}\(?0\d{{2,4}}\)? (?:\d{{3,4}} \d{{3,4}}|\d{{5,6}})(?![\d.,]*\d)", lambda m: spelled(m[0]))
    yield rule(rf"{BEFORE}1 8(?:00|33|44|55|66|77|88) \d{{3}} \d{{4}}(?!\d)", lambda m: spelled(m[0]))
    yield rule(
        rf"\b{_TELEPHONE}(?:\s(?:me|us|him|her|at|on|is|number|now|today)){{0,4}}:?\s?"
        r"(?P<digits>\+?\d{3,}(?:[- .]\d{2,5}){0,5})(?![\d:]|\s?(?:times|a\.?m|p\.?m|people|%))",
        lambda m: spelled(m["digits"]),
        "digits",
    )
    yield rule(
        rf"\b{_IDENTIFIER}(?:\s(?:is|number|no\.)){{0,2}}[:#]?\s#?"
        r"(?P<digits>\d{1,4}(?: \d{3,4}){2,5})(?![\d.,]*\d)",
        lambda m: spelled(m["digits"]),
        "digits",
    )
    yield rule(
        rf"\b{_IDENTIFIER}(?:\s(?:is|number|no\.))?[:#]?\s#?(?P<digits>\d{{3,}}(?:-\d+)*)(?![\d,.:]*\d)",
        lambda m: spelled(m["digits"]),
        "digits",
    )
    yield rule(
        rf"\b{_CODE_PART}(?:\s(?:is|number|no\.?))?[:#]?\s#?(?P<digits>\d+(?:-\d+)+)(?![\d,.:]*\d)",
        lambda m: spelled(m["digits"]),
        "digits",
    )


def chains() -> Iterable[Rule]:
    """Yield the rules of groups with hyphens that are no date: 12-345-678 is a code, 4-3-3 how a team plays."""
    yield rule(rf"{BEFORE}(?<!-)\d+(?:-\d+){{2,8}}(?![\d=]|\s?=|-\d)", _chain)
    yield rule(rf"{BEFORE}(?<!-)0\d+-\d+(?![\d=-]|\s?=)", lambda m: spelled(m[0]))


def _named() -> Iterable[Rule]:
    yield rule(  # 221B Baker St.
        r"\b(?P<number>\d{3})(?P<letter>[A-Z])(?=\s[A-Z][a-z]+\s)", lambda m: f"{pairs(m['number'])} {m['letter']}"
    )
    yield rule(
        rf"\b{_PLACE}\s(?:[Nn]o\.?\s|[Nn]umber\s|#)?(?P<digits>\d{{1,4}}-\d{{1,4}})(?![\d,.:-]*\d)",
        lambda m: ", ".join(map(pairs, m["digits"].split("-"))),
        "digits",
    )
    yield rule(
        r"\b(?:24/7/365|24/7|9/11|50[/-]50|20/20)\b(?![/-])", lambda m: " ".join(map(quantity, re.split("[/-]", m[0])))
    )


def plurals() -> Iterable[Rule]:
    """Yield the rule of several of a model: F-35s, 747s."""
    yield rule(r"(?<=[A-Za-z])-(?P<digits>\d{1,3})s\b|\b(?P<jet>7[0-8]7)s\b", _plural)


def models() -> Iterable[Rule]:
    """Yield the rules of versions, and of numbers behind letters."""
    yield rule(r"(?<=(?<![A-Za-z])[vV])\d+(?:\.\d+)*(?!\.?\d)", lambda m: " " + _version(m))
    yield rule(r"(?<![\d.])\d+(?:\.\d+){2,}(?!\.?\d)", _version)
    yield rule(
        rf"\b{_PLACE}\s(?:[Nn]o\.?\s|#)?(?P<digits>\d{{1,5}})(?![\d,.:]*\d)", lambda m: pairs(m["digits"]), "digits"
    )
    yield rule(r"(?<=[A-Za-z])-?(?P<digits>\d{1,4})(?![\d,.:]*\d)", lambda m: " " + pairs(m["digits"]))
    yield rule(r"(?<=[A-Za-z])(?P<digits>\d{5,})(?![.,]?\d)", lambda m: f" {spelled(m['digits'])}")
    # 1-800-FLOWERS
    yield rule(
        rf"{BEFORE}1-(?P<area>8(?:00|33|44|55|66|77|88))-(?=[A-Z]{{2,}})",
        lambda m: f"one, eight {'hundred' if m['area'] == '800' else spelled(m['area'][1:])}, ",
    )
    yield rule(
        rf"{BEFORE}(?:911|999|112)(?=\s(?:in an emergency|immediately|for help|dispatch))", lambda m: spelled(m[0])
    )
    yield rule(r"(?:(?<=\s)|(?<=[(\"'])|^)#(?=\d)", said("number "))


def _code(text: str) -> str:
    return spelled(text) + (" X" if text.endswith("X") else "")


def _plural(match: Match) -> str:
    return f" {plural(pairs(match['digits'] or match['jet']))}"


def _aircraft(match: Match) -> str:
    tail = re.search("[EL]R$", match[0])
    return f"{pairs(match[0][:3])} {pairs(match['series'])}" + (f" {' '.join(tail[0])}" if tail else "")


def _chain(match: Match) -> str:
    parts = match[0].split("-")
    if all(len(part) <= 2 and (part == "0" or not part.startswith("0")) for part in parts):
        return " ".join(map(quantity, parts))
    return spelled(match[0])


def _version(match: Match) -> str:
    parts = match[0].split(".")
    if len(parts) == 4:
        return " dot ".join(spelled(part) for part in parts)
    return " point ".join(quantity(part) for part in parts)
