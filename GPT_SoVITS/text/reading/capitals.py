"""Words in capitals: letters (FBI), words of their own (NASA), or ordinary words that are only written large (STOP)."""

from __future__ import annotations

import re
from collections.abc import Callable

_CAPITALS = re.compile(r"(?<![A-Za-z'])[A-Z][A-Z']*[A-Z](?:'?s(?![A-Za-z])|(?![A-Za-z]))")
_WORD = re.compile(r"[A-Za-z']+")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")
_LONGEST_INITIALS = 5


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Two and three letters are initials, unless they are one of these.
_SHORT_WORDS = _words(
    """an as at be by do go he hi if in is me my no of oh on or ox so to up we add age ago air all and any are arm art
    ask ate bad bag ban bar bed bet big bit box boy bus but buy can car cat cup cut dad day did die dig dog dry due eat
    egg end eye far fat few fix fly for fun get god got gun guy had has hat her hey him his hit hot how ice ill its job
    joy key kid kit law lay led leg let lie lot low mad man map may men met mix mom mud net new nor not now nut off oil
    old one our out own pay pen per pet pig put ran red rid rip row run sad sat saw say sea see set sew she shy sit six
    sky son sun tax tea ten the tie tip toe too top toy try two use van war was way wet who why win won yes yet you
    zoo fan pop"""
)
# Words only where the whole sentence is in capitals, initials otherwise.
_BOTH = _words("am it us id ad")
# Initials where no other English word is around: WHO宣布, IS组织.
_INITIALS_ALONE = _words("who is")
# Initials, though a dictionary has them as a word or their letters look like one.
_INITIALS = _words(
    """usa uae eu un fbi cia ibm nba bbc cnn ceo cfo cto pdf dvd html http https api cpu gpu usb atm gps mri dna rna vip
    tv pc ai ar vr hr pr qa ui ux iq nfl nhl mlb hbo abc nbc cbs espn ncaa ucla mit nyu irs nsa epa fda cdc dea rsvp faq
    diy eta phd mba llc gdp ipo suv lcd led ieee aclu naacp ymca usda isbn
    issn url uri ssn iso imei oem ide iot ico ui eta esg etf apr roi seo sla aol ama aba"""
)
# Initials of which people have made a word, whether a dictionary has it or not.
_SPOKEN = _words(
    """nasa nato unesco unicef opec asean nafta fifa uefa aids laser radar scuba sonar covid gif jpeg ram sim pin lan
    wan vat yolo lego ikea osha fema interpol ascii ajax cobol asap awol swat snafu toefl kospi
    kosdaq hipaa hepa fomo yaml gmat swot captcha toeic ielts"""
)


def _spaced(word: str) -> str:
    letters, quote, ending = word.partition("'")
    if quote:
        return f"{' '.join(letters)}'{ending.lower()}"
    return f"{' '.join(word[:-1])}'s" if word.endswith("s") else " ".join(word)


def _shouted(text: str, place: int) -> bool:
    """Whether the sentence around a place is in capitals as a whole: then they say nothing about its words."""
    start = max((match.end() for match in _SENTENCE_END.finditer(text, 0, place)), default=0)
    end = _SENTENCE_END.search(text, place)
    words = [word for word in _WORD.findall(text, start, end.start() if end else len(text)) if len(word) > 1]
    return len(words) > 1 and sum(word.isupper() for word in words) * 10 >= len(words) * 7


def read_capitals(text: str, is_word: Callable[[str], bool]) -> str:
    """Return a text with words in small letters and initials with spaces between them.

    Args:
        text: English text.
        is_word: Whether a dictionary has a word (in small letters).
    """

    def read(match: re.Match[str]) -> str:
        word = match[0]
        small = word.lower()
        base = re.sub(r"'?s$", "", small) if word.endswith("s") else small
        if base in _SPOKEN or "'" in base:
            return small
        if base in _INITIALS or not re.search("[aeiouy]", base):
            return _spaced(word)
        if base in _BOTH:
            return small if _shouted(text, match.start()) else _spaced(word)
        if base in _INITIALS_ALONE and not _WORD.search(text.replace(word, "", 1)):
            return _spaced(word)
        if base == "who" and text[: match.start()].lower().endswith("the "):
            return _spaced(word)
        if len(base) <= 3:
            known = base in _SHORT_WORDS or (is_word(base) and _shouted(text, match.start()))
            return small if known else _spaced(word)
        return small if is_word(base) or len(base) > _LONGEST_INITIALS else _spaced(word)

    return _CAPITALS.sub(read, text)
