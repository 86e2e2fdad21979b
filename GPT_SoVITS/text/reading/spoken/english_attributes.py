"""English amounts and measures that stand before a noun: the $120 bill is a one hundred twenty dollar bill."""

from __future__ import annotations

import re

from GPT_SoVITS.text.reading.draft import Match
from GPT_SoVITS.text.reading.spoken.patterns import either

_SEEN = 40  # characters before a measure in which its article stands
_ADJECTIVES = either(
    "new old big small large huge giant massive tiny cheap heavy easy hard short long quick brief first second "
    "third last next whole entire single full extra spare special fresh free nice great good additional further "
    "initial final annual yearly monthly weekly daily flat one-time measly mere whopping typical standard "
    "record solid used minimum maximum average famous original"
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
    "of off on in at to from for by with within without per than over under above below before after during "
    "until till through across along around up down out into onto about against behind beyond between near past "
    "since towards? via and or but so if when while as because that which who whom whose what where then nor "
    "yet plus minus times though although unless I we you he she it they there here this these those an? the my "
    "your his her its our their each every all both some any no is was are were be been being has had have "
    "having will would can could may might must shall should do does did not never ever me him us them myself "
    "yourself himself herself itself ourselves yourselves themselves mine yours hers ours theirs away ago today "
    "tonight tomorrow yesterday now again later earlier more less else too also just still already almost "
    "altogether apiece instead back ahead apart together alone straight north south east west once twice soon "
    "first last inside outside aside downstairs upstairs indoors outdoors overseas abroad anyway please asap "
    "home upfront everywhere anywhere somewhere nowhere maybe perhaps quite rather even only either neither "
    "however hence thus therefore otherwise meanwhile afterwards? forward backwards? upwards? downwards? sooner "
    "faster slower longer further farther better worse well fast hard"
)
# Verbs without -ed whose past or participle may follow a measure: the $30 spent on food, the final 3 km hurt.
_VERBS = either(
    "goes? went gone gets? got makes? made seems? feels? felt buys? bought takes? took taken costs? comes? came "
    "ran gives? gave given pays? paid keeps? kept lets? spent stolen stole lost driven drove sent left found "
    "sold won hurt put set hit cut fell fallen flew flown stood grew grown held hid hidden knew known led lent "
    "meant met rode ridden rose risen said saw seen shook slept stuck swam swum threw thrown told understood "
    "wore worn wrote written broke broken brought built burnt caught chose chosen drew drawn ate eaten fed "
    "fought forgot forgotten froze frozen laid lit read rang shot showed shown shrank sang sank sat sought shut "
    "spread sprang swept swung taught tore torn thought became become began begun become due owed"
)
_ADVERB = r"\w+ly\b"
_ADJECTIVES_IN_LY = r"(?:daily|weekly|monthly|yearly|hourly|quarterly|early|nightly|biweekly|fortnightly)\b"
_NOUNS_IN_LY = r"(?:family|supply|reply|assembly|fly|jelly|rally|trolley|belly|monopoly|anomaly)\b"
NOUN = re.compile(
    rf"\s(?!(?:{_OTHER_WORDS}|{_VERBS})\b(?!-)(?!(?<=\bcan)(?:$|[.,;:!?)]|\s(?:of|is|was|costs?|from|in|and|or)\b)))(?!ASAP\b)(?!(?!{_ADJECTIVES_IN_LY}|{_NOUNS_IN_LY}){_ADVERB})"
    r"(?P<noun>[A-Za-z][A-Za-z-]*)"
)
"""A word behind a measure that may be a noun."""
_VERB = re.compile(r"\w+ed$")
# At the end of a clause these say how, and name nothing: paid the $40 late, take the 20 mg daily.
_ENDING = re.compile(
    r"(?:late|safe|free|cheap|clean|dry|full|ready|flat|short|long|high|low|deep|wide|tall|heavy|fresh|cash|daily|weekly|"
    r"monthly|yearly|hourly|nightly|early)\s?(?:$|[.,;:!?)])"
)
_ENDS_IN_S = re.compile(r"[a-z]+(?<![su])(?<!i)s$")
# Things that are counted with an amount before them; other words in -s may be verbs: every $50 counts.
_THINGS = re.compile(
    either(
        "bills notes coins tickets tokens bags bottles cans jars tubs tubes boxes packs packets packages "
        "cartons cups glasses mugs bowls plates cards coupons vouchers stamps fees fines tips taxes runs races "
        "walks rides hikes swims sprints laps dashes drives trips tours flights journeys commutes bulbs lamps "
        "lights batteries chargers panels cables cords ropes hoses pipes poles boards planks beams sheets rolls "
        "tapes screens monitors displays disks sticks weights plates dumbbells kettlebells stones bars blocks "
        "bricks tiles logs weekdays days weeks months hours minutes shifts stays breaks pauses naps delays "
        "waits meetings sessions lessons classes courses calls videos songs films movies clips passes prizes "
        "bonuses deals loans grants gifts rewards rebates refunds deposits payments charges tariffs credits "
        "debts donations contracts projects budgets houses homes flats apartments rooms cars trucks phones "
        "shoes jackets shirts jeans dresses toys games books meals lunches dinners pizzas steaks burgers fries "
        "coffees beers wines drinks shots servings portions slices pieces tablets pills doses capsules files "
        "photos images limits marks signs zones speeds speakers amplifiers motors engines tanks buckets "
        "containers"
    )
)


def is_attribute(match: Match) -> bool:
    """Whether a find of a number with its unit says more about the noun after it, and has an article before it."""
    text, start = match.string, match.start()
    following = NOUN.match(text, match.end())
    if following is None and not text.startswith(("-a-", "-per-"), match.end()):
        return False
    before = text[max(start - _SEEN, 0) : start]
    noun = following["noun"] if following else ""
    if following is not None and _ENDING.match(text, following.start("noun")):
        return False
    if _ENDS_IN_S.fullmatch(noun) and not _THINGS.fullmatch(noun):
        return False
    sure = _SURE.search(before)
    if sure is not None:
        return (sure["owner"] or "").casefold() not in _CONTRACTED
    if following is None or _LIKELY.search(before) is None:
        return False
    return (noun.isupper() or noun[0].islower()) and _VERB.match(noun) is None
