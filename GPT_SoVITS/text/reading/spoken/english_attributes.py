"""English amounts and measures that stand before a noun: the $120 bill is a one hundred twenty dollar bill."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.draft import Match
from GPT_SoVITS.text.reading.spoken.patterns import either

_SEEN = 40  # characters before a measure in which its article stands
_ADJECTIVES = either(
    "new old big small large huge giant massive tiny cheap heavy easy hard short long quick brief first second "
    "third last next whole entire single full extra spare special fresh free nice great good additional further "
    "initial final annual yearly monthly weekly daily flat one-time measly mere whopping typical standard record "
    "solid used minimum maximum average famous original"
)
_SURE = re.compile(rf"\b(?:an?|another|every|(?P<owner>[A-Za-z]+'s))\s(?:{_ADJECTIVES}\s){{0,2}}$", re.IGNORECASE)
_LIKELY = re.compile(
    rf"\b(?:the|this|my|your|his|(?<!\w\s)her|(?:with|for|pays?|paid|on|of|in|at|and|or)\sher|its|our|their|"
    rf"two|three|four|five|six|seven|eight|nine|ten)\s(?:{_ADJECTIVES}\s){{0,2}}$",
    re.IGNORECASE,
)
_CONTRACTED = frozenset({"it's", "that's", "he's", "she's", "what's", "there's", "here's", "let's", "who's", "where's"})
# What follows a measure that is none of a noun: 5 km away, the $20 that I paid.
_OTHER_WORDS = either(
    "of off on in at to from for by with within without per than over under above below before after during until "
    "till through across along around up down out into onto about against behind beyond between near past since "
    "towards? via and or but so if when while as because that which who whom whose what where then nor yet plus "
    "minus times though although unless I we you he she it they there here this these those an? the my your his her "
    "its our their each every all both some any no is was are were be been being has had have having will would can "
    "could may might must shall should do does did not never ever goes? went gone gets? got makes? made seems? "
    "seemed feels? felt buys? bought takes? took costs? cost comes? came ran gave gives? paid pays? kept keeps? let "
    "lets away ago today tonight tomorrow yesterday now again later earlier more less else too also just still "
    "already almost altogether apiece instead back ahead apart together alone straight north south east west once "
    "twice soon"
)
_NOUN = re.compile(
    rf"\s(?!(?:{_OTHER_WORDS})\b(?!-))(?!\w+ly\b(?<!daily)(?<!eekly)(?<!onthly)(?<!early)(?<!hourly)(?<!terly))"
    r"(?P<noun>[A-Za-z][A-Za-z-]*)"
)
_VERB = re.compile(r"\w+ed$")


def is_attribute(match: Match) -> bool:
    """Whether a find of a number with its unit says more about the noun after it, and has an article before it."""
    text, start = match.string, match.start()
    following = _NOUN.match(text, match.end())
    if following is None and not text.startswith(("-a-", "-per-"), match.end()):
        return False
    before = text[max(start - _SEEN, 0) : start]
    sure = _SURE.search(before)
    if sure is not None:
        return (sure["owner"] or "").casefold() not in _CONTRACTED
    if following is None or _LIKELY.search(before) is None:
        return False
    noun = following["noun"]
    return (noun.isupper() or noun[0].islower()) and _VERB.match(noun) is None
