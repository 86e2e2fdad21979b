"""Abbreviations, initials and names in English that hold no number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from GPT_SoVITS.text.reading.draft import Match, Rule, rule, said
from GPT_SoVITS.text.reading.spoken.english_numbers import nth, quantity
from GPT_SoVITS.text.reading.spoken.patterns import either

_TITLES = {
    **{"Mr": "mister", "Mrs": "missus", "Ms": "Ms", "Dr": "doctor", "Prof": "professor", "St": "saint", "Mt": "mount"},
    **{"Gen": "general", "Sen": "senator", "Rep": "representative", "Gov": "governor", "Capt": "captain"},
    **{"Lt": "lieutenant", "Sgt": "sergeant", "Col": "colonel", "Rev": "reverend", "Hon": "honorable", "Ft": "fort"},
    **{"Pres": "president", "Cmdr": "commander", "Maj": "major", "Messrs": "messieurs"},
}
_SHORT = {
    **{"vs": "versus", "etc": "et cetera", "approx": "approximately", "Jr": "junior", "Sr": "senior"},
    **{"Inc": "incorporated", "Ltd": "limited", "Co": "company", "Corp": "corporation", "Bros": "brothers"},
    **{"Dept": "department", "dept": "department", "est": "established", "Est": "established", "cf": "compare"},
    **{"al": "al", "e.g": "for example", "i.e": "that is", "Assn": "association", "Univ": "university"},
    **{"Govt": "government", "govt": "government", "misc": "miscellaneous", "max": "maximum", "Max": "maximum"},
    **{"avg": "average", "Avg": "average", "incl": "including", "excl": "excluding", "dept": "department"},
    **{"tel": "telephone", "Tel": "telephone", "ext": "extension", "Ext": "extension", "Apt": "apartment"},
    **{"Bldg": "building", "Ste": "suite", "Mfg": "manufacturing", "Intl": "international", "Natl": "national"},
    **{"appt": "appointment", "assoc": "associate", "Assoc": "associates", "dist": "district", "Dist": "district"},
    **{"ed": "edition", "eds": "editors", "qty": "quantity", "Qty": "quantity", "temp": "temperature"},
}
_STREETS = {
    **{"St": "street", "Dr": "drive", "Ave": "avenue", "Blvd": "boulevard", "Rd": "road", "Ln": "lane"},
    **{"Ct": "court", "Pl": "place", "Hwy": "highway", "Pkwy": "parkway", "Sq": "square", "Ter": "terrace"},
    **{"Fl": "floor"},
    **{"Cir": "circle"},
}
_WEEKDAYS = {
    **{"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday"},
    **{"Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"},
}
_MONTHS = {
    **{"Jan": "January", "Feb": "February", "Mar": "March", "Apr": "April", "May": "May", "Jun": "June"},
    **{"Jul": "July", "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October"},
    **{"Nov": "November", "Dec": "December"},
}
# Capitals inside words that are no letters of their own.
_MIXED = {
    **{"IoT": "I O T", "AIoT": "A I O T", "QoS": "Q O S", "SoC": "S O C", "PoE": "P O E", "ToF": "T O F"},
    **{"SaaS": "saas", "PaaS": "paas", "VoIP": "voip", "DoS": "doss", "DDoS": "D doss", "NaN": "nan"},
    **{
        "LaTeX": "lah teck",
        "TikTok": "tiktok",
        "eSIM": "E sim",
        "IoC": "I O C",
        "DoD": "D O D",
        "BoJ": "B O J",
        "FoV": "F O V",
    },
}
_PER = {
    **{"kg": "kilogram", "lb": "pound", "km": "kilometer", "hr": "hour", "min": "minute", "sec": "second"},
    **{"oz": "ounce", "ml": "milliliter", "mL": "milliliter", "gal": "gallon", "yr": "year", "mi": "mile"},
    **{"ft": "foot", "mo": "month", "wk": "week"},
}
_QUARTERS = {"NW": "northwest", "NE": "northeast", "SW": "southwest", "SE": "southeast"}
_ROAD = re.compile(
    r"\b(?:[Rr]oute|Rte|[Hh]ighway|Hwy|[Ee]xit|[Ii]nterstate|[Ff]reeway|I-\d+|US|Rt)\b(?:(?!\.\s[A-Z])[^!?;])*$"
)
_SEEN = 60  # characters before a number in which a road is spoken of
_PERIODS = {"Y": "year", "Q": "quarter", "M": "month"}
_POINTS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_NUMBERED = either(
    "Bowl Episode Fantasy Mark Class Chapter Part Act Vol Volume War Book Section Phase Type Level Stage Article Scene "
    "Title Grade"
)
_RULERS = either(
    "King Queen Pope Elizabeth Henry George Louis Charles William James Edward Richard Paul Napoleon Catherine Philip "
    "Francis Benedict Pius Ramses Nicholas Alexander Frederick Peter Mary Leopold Gustav"
)
_OPENERS = either(
    "It He She They We You I The A An This That These There Then But And So If When My Our His Her Its Their"
)
"""Words that begin a sentence after a street."""
_ASKS = either("Use Using Run Open Install Try Start Give See Press Type In On At By With For From To Of Is Are Read")
_OF_A_SERIES = (
    r"(?:II|III|VII|VIII|IX|XI{1,3}|XIV|XVI{0,3}|IV(?!\s(?:[a-z]+s|line|drip|bag|therapy|access|pole)\b)"
    r"|VI(?!\s(?!(?:is|was|has|had|in|on|and|or|of|at|will|came|comes)\b)[a-z]))(?![A-Za-z0-9'-])"
)
"""Numerals of two letters or more behind a name: Rocky IV, and no IV fluids."""
_ROMAN = re.compile("(C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
# A name before a street: a word with a capital that is no word of its own there, or an ordinal (5th Ave.).
_NO_NAME = either(
    "The And But With See Ask Hello Hi Hey Dear Thanks Thank Yes No Then When If So Is Was Our My Your His Her"
)
_NAMED = rf"\b(?!{_NO_NAME}\b)(?:[A-Z][a-z]+|\d{{1,3}}(?:st|nd|rd|th))\s"
_LETTERS_AND = r"[A-Z]{1,3}"


def rules() -> Iterable[Rule]:
    """Yield the rules of titles, streets, abbreviations, Roman numerals and initials."""
    yield from _written_short()
    yield from _abbreviations()
    yield from _days()
    yield from _initials()


def _written_short() -> Iterable[Rule]:
    """Units and signs of programs that are written short."""
    yield rule(r"\b\d{1,3}[A-Z]?\s(?P<point>[NSEW])(?![\w'²³/-])", _heading, "point")
    yield rule(r"\bRev\.(?=\s?\d)", said("revision"))
    yield rule(r"\bRte\b\.?(?=\s\d)", said("route"))
    yield rule(rf"(?<![A-Za-z])(?:{'|'.join(_MIXED)})(?![A-Za-z])", lambda m: _MIXED[m[0]])
    yield rule(r"(?<=\d)-(?=[A-Z][a-z])", said(" "))
    yield rule(r"\bmc(?:²|\^2)", said("m c squared"))
    yield rule(rf"(?<=\bper )(?:{'|'.join(_PER)})\b", lambda m: _PER[m[0]])
    yield rule(r"(?<=[A-Za-z_])\+\+(?=[\s;),]|$)", said(" plus plus"))
    yield rule(r"(?<=\b[A-Za-z])--(?=[;)]|$)", said(" minus minus"))
    yield rule(r"(?<![\w.])\.(?=NET\b)", said("dot "))


def _heading(match: Match) -> str | None:
    """W behind a number is a direction where the sentence is about a road."""
    return (
        _POINTS[match["point"]].lower()
        if _ROAD.search(match.string, max(match.start() - _SEEN, 0), match.start())
        else None
    )


def _abbreviations() -> Iterable[Rule]:
    titles, short, streets = "|".join(_TITLES), "|".join(map(re.escape, _SHORT)), "|".join(_STREETS)
    # A street ends the name before it: "on Main St. It is", and goes on before a small letter: "Elm Dr. is closed".
    yield rule(rf"(?<=\w )(?P<street>St)\.(?=\s{_OPENERS}\b)", said("street."))
    yield rule(
        rf"{_NAMED}(?P<at>(?P<street>{streets})\.)(?=,|\s+[a-z(\d#]|\s[NS][EW]?\b|\s[EW]\b)",
        lambda m: _STREETS[m["street"]],
        "at",
    )
    yield rule(
        rf"{_NAMED}(?P<at>(?:(?P<street>Ave|Blvd|Rd|Ln|Hwy|Pkwy)\.(?=\s+[A-Z\n])|(?P<last>{streets})\.(?=\s*$)))",
        lambda m: f"{_STREETS[m['street'] or m['last']]}.",
        "at",
    )
    yield rule(
        rf"{_NAMED}(?P<at>(?P<street>{streets})\.?)(?=\s(?:NW|NE|SW|SE)\b)", lambda m: _STREETS[m["street"]], "at"
    )
    yield rule(
        rf"(?:\ue000|\b(?:Street|Avenue|Road|Drive))\s(?P<at>{'|'.join(_QUARTERS)})\b",
        lambda m: _QUARTERS[m["at"]],
        "at",
    )
    yield rule(rf"\b({titles})\.(?=\s[A-Z]|\s?&|/|\s?[\u3041-\u30ff\u4e00-\u9fff])", lambda m: _TITLES[m[1]])
    yield rule(r"\b([Dd]r|Prof|Sen|Gov|Gen|Rev|Capt|Lt|Sgt|Col)\.(?=\s[a-z])", lambda m: _TITLES[m[1].title()])
    yield rule(rf"\b(?:{short})\.(?=\s+[a-z(\d]|[,;:)])", lambda m: _SHORT[m[0][:-1]])
    yield rule(r"\b(?:vs|e\.g|i\.e|cf|approx|incl|excl|max|avg)\.(?=\s?\w|\s\S)", lambda m: _SHORT[m[0][:-1]])
    yield rule(r"\b(?:etc|Inc|Ltd|Co|Corp|Jr|Sr|vs|approx|al|e\.g|i\.e|Bros|est|cf)\.(?=\s*$|\s+[A-Z\n\"'])", _at_end)
    yield rule(rf"\b({streets})(?=\s?,\s)|\b(St|Ave|Blvd|Rd)\.?(?=,|\.|$)", lambda m: _STREETS[m[1] or m[2]])
    yield rule(r"\b[Ww]/(?=\s)|(?<=\s)w/(?=[a-z])", said("with "))
    yield rule(r"\b[Ww]/o\b", said("without"))
    yield rule(r"\bc/o\b", said("care of"))
    yield rule(r"\bc\.(?=\s?1\d{3}\b)", said("circa "))
    yield rule(r"\bPs\.(?=\s\d)", said("Psalm"))
    yield rule(r"\b(?:YoY|QoQ|MoM)\b", lambda m: "{0} over {0}".format(_PERIODS[m[0][0]]))
    # 45 W. 34th St.
    yield rule(rf"\b([NSEW])\.(?=\s(?:\d+(?:st|nd|rd|th)\b|[A-Z][a-z]+\s(?:{streets})\b))", lambda m: _POINTS[m[1]])
    yield rule(r"(?<![A-Za-z])[Vv]er\.(?=\s?[\d\ue000])", said("version "))
    yield rule(r"\bPh\.?D\b\.?", said("P H D"))
    yield rule(r"\b([BM])\.(Sc|Ed|Phil|Eng)\b\.?", lambda m: f"{m[1]} {'S C' if m[2] == 'Sc' else m[2]}")
    yield rule(r"\bTEL\b\.?(?=[:：\s]{0,2}[\d\ue000(+])", said("tel"))


def _at_end(match: Match) -> str:
    return f"{_SHORT[match[0][:-1]]}."


def _days() -> Iterable[Rule]:
    days, months = "|".join(sorted(_WEEKDAYS, key=len, reverse=True)), "|".join(sorted(_MONTHS, key=len, reverse=True))
    short = months.replace("|May", "")
    dash = r"\s?[-–—~]\s?"
    full = {**_WEEKDAYS, **_MONTHS}

    def ends(match: Match) -> str:
        return f"{full[match[1]]} to {full[match[2]]}"

    def list_of(match: Match) -> str:
        return re.sub("[A-Za-z]+", lambda found: full[found[0]], match[0]).replace("/", " and ")

    def all_of(match: Match) -> str:
        return re.sub(r"([A-Z][a-z]+)\.?", lambda found: full[found[1]], match[0]).replace("&", "and")

    yield rule(rf"\b({days})\.?{dash}({days})\b\.?(?!\w)", ends)
    yield rule(rf"\b({months})\.?{dash}({months})\b\.?(?!\w)", ends)
    yield rule(rf"\b(?:{days})(?:/(?:{days}))+\b", list_of)
    yield rule(rf"\b(?:{days})\.?(?:,\s(?:{days})\b\.?){{0,5}},?\s(?:&|and|or)\s(?:{days})\b(?:\.(?=\s[a-z]))?", all_of)
    yield rule(rf"\b({days})\.(?=,\s)", _day(full))
    yield rule(rf"\b(?:and|or|&)\s(?P<at>(?P<day>{days})\.)(?=\s[a-z])", lambda m: full[m["day"]], "at")
    yield rule(rf"(?<=\b[Oo]n )({days})\b(?!\.\s[a-z])", _day(full))
    yield rule(rf"\b({short})\.?(?=\s'\d\d(?!\d))", _day(full))
    yield rule(rf"\b({short})\.(?=\s[a-z(]|,)", lambda m: full[m[1]])
    yield rule(rf"(?<=\b[Ii]n\s)({short})\.(?=\s*$|\s[A-Z])", lambda m: f"{full[m[1]]}.")
    yield rule(rf"(?<![\d.,])\d{{1,2}}(?=\s(?:{short})\.(?!\s\d))", lambda m: nth(m[0]))
    yield rule(rf"(?<=[\d\ue000] )({short})\.(?=\s*$|\s[A-Z])", lambda m: f"{full[m[1]]}.")
    yield rule(r"\b(Sat|Sun)\.(?=\s(?:&|and|only|at|from|\d))", lambda m: full[m[1]])
    yield rule(r"(?<![\w.])([2-9]\d)ers\b", lambda m: f"{quantity(m[1]).removesuffix('e')}ers")  # 49ers
    # Sat, Sun, Wed and Mon are words of their own elsewhere.
    yield rule(rf"(?<=\()({days})\.?(?=\))", lambda m: full[m[1]])
    yield rule(
        rf"\b({days})\b\.?(?=,?\s(?:the\s)?(?:{months}|\d{{1,2}}:|\d{{1,2}}/\d{{1,2}}/|\d{{1,2}}\s?[-–]\s?\d{{1,2}}(?!\d)|\d{{1,2}}\s?[AaPp]\.?[Mm]|\d{{1,2}}(?:st|nd|rd|th)))",
        _day(full),
    )
    yield rule(
        r"\b(?:Mon|Tues?|Weds?|Thu(?:rs?)?|Fri)\.(?=\s[a-z\d(])",
        lambda m: full[m[0].rstrip(".").replace("Weds", "Wed")],
    )


def _day(full: dict[str, str]) -> Callable[[Match], str]:
    return lambda match: full[match[1]]


def _initials() -> Iterable[Rule]:
    yield rule(rf"\b{_NUMBERED}\.?\s(?P<roman>[IVXLC]{{1,8}})\b", lambda m: _roman(m["roman"], quantity), "roman")
    yield rule(rf"\b{_RULERS}\s(?P<roman>[IVX]{{1,5}})\b", lambda m: _roman(m["roman"], nth), "roman")
    yield rule(
        rf"(?<![A-Za-z])(?!(?:{_OPENERS}|{_ASKS})\s)(?:[A-Z][a-z]{{2,}}|[A-Z]{{2,4}})\s(?P<roman>{_OF_A_SERIES})",
        lambda m: _roman(m["roman"], quantity),
        "roman",
    )
    yield rule(r"\bTL;DR\b", said("T L D R"))
    yield rule(r"(?<=\()(?:i{1,3}|iv|vi{0,3}|ix|x)(?=\))", _item)
    # AT&T, Q&A, R&D: letters on both sides.
    yield rule(rf"(?<![A-Za-z&]){_LETTERS_AND}(?:\s?&\s?{_LETTERS_AND}){{1,2}}(?![A-Za-z&])", _letters_and)
    yield rule(r"(?<![A-Za-z])[A-F]-(?=[\s.,;!?)\"]|$)(?!\s\w{1,3}\s-)", lambda m: f"{m[0][0]} minus")
    yield rule(r"(?<=[A-Za-z])\+(?=[\s.,;:!?)\"'，。、！？]|$)(?!\s[\dA-Za-z]\b)(?!\s?=)", said(" plus"))
    yield rule(r"(?<![\w.&])@(?=[A-Za-z_])", said("at "))
    yield rule(r"(?<=\s)@(?=\s?[\d$€£]|\s)", said("at "))
    yield rule(r"(?<![\w&#])#(?=[A-Z]{1,3}-?\d)", said("number "))
    yield rule(r"(?<![\w&#])#(?=[A-Za-z_])", said("hashtag "))
    yield rule(r"(?<=[A-Za-z])-(?=[A-Z])", said(" "))
    # Before a capitalised word it is more likely part of a name (U.S. Army) than the end of a sentence.
    yield rule(r"(?<![\w.])(?<!\d )(?:[A-Za-z]\.){2,6}(?=\s*$)", lambda m: _letters(m[0]) + ".")
    yield rule(r"(?<![\w.])(?<!\d )(?:[A-Za-z]\.){2,6}(?=\s+[A-Z][a-z])", lambda m: _letters(m[0]))
    yield rule(r"(?<![\w.])(?<!\d )(?:[A-Za-z]\.){1,5}[A-Za-z]\b\.?(?!\w)", lambda m: _letters(m[0]))
    yield rule(r"(?<![\w.'])[A-Z]\.(?=\s(?:[A-Z]\.\s?){0,6}[A-Z][a-z])", lambda m: m[0][0])
    # Not where it is what somebody says or is called: "Oh no... 5 left", "said no. 2 minutes later", "Dr. No. 7".
    yield rule(
        r"(?<![Oo]h )(?<!said )(?<!says )(?<!say )(?<!\ue000 )"
        r"\b(?:(?:[Nn]o|NO)\.(?=\s?(?:[A-Z]{1,3}-?)?\d)|N[Oo]\.(?=\s?\ue000))",
        said("number"),
    )
    number = r"(?=\s?[\d\ue000])"
    yield rule(rf"\b[Nn]os\.{number}", said("numbers"))
    yield rule(rf"\b[Vv]ol\.{number}", said("volume"))
    yield rule(rf"\b[Ff]igs?\.{number}", said("figure"))
    yield rule(rf"\b[Cc]h\.{number}", said("chapter"))
    yield rule(rf"\b(?:[Ss]ec|§)\.{number}", said("section"))
    yield rule(rf"\bpp?\.{number}", lambda m: "pages" if m[0] == "pp." else "page")


def _letters_and(match: Match) -> str:
    return " and ".join(" ".join(part.strip()) for part in match[0].split("&"))


_NEIGHBOURS = {"i": "(ii)", "v": "(iv)", "x": "(ix)"}


def _item(match: Match) -> str | None:
    """(i), (ii): items of a law; one letter without its neighbour may be of a formula: f(x)."""
    neighbour = _NEIGHBOURS.get(match[0], "")
    return _roman(match[0].upper(), quantity) if neighbour in match.string else None


def _roman(numeral: str, say: Callable[[str], str]) -> str | None:
    """Return a Roman numeral as a number, None where it is none (or the pronoun I)."""
    match = _ROMAN.fullmatch(numeral)
    if match is None:
        return None
    values = [_ROMAN_DIGITS[digit] for digit in numeral]
    value = sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    if not value or (numeral == "I" and say is not quantity):
        return None
    return say(str(value)) if say is quantity else f"the {say(str(value))}"


def _letters(text: str) -> str:
    return " ".join(text.replace(".", "").upper())
