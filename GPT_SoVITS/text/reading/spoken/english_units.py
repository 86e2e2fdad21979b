"""Units of measurement in English, alone and by one another: kilometers per hour, micrograms per cubic meter."""

from __future__ import annotations

import re
from collections.abc import Callable


def _units(text: str) -> dict[str, tuple[str, str]]:
    """Return sign -> one, many of lines ``sign one`` or ``sign one/many``."""
    table: dict[str, tuple[str, str]] = {}
    for line in text.strip().splitlines():
        signs, _, names = line.strip().partition(": ")
        one, _, many = names.partition("/")
        for sign in signs.split("|"):
            table[sign] = (one, many or f"{one}s")
    return table


UNITS = _units(
    """
    km: kilometer
    cm: centimeter
    mm: millimeter
    nm: nanometer
    μm|µm|um: micrometer
    m: meter
    mi: mile
    ft: foot/feet
    yd|yds: yard
    kg: kilogram
    mg: milligram
    μg|µg|mcg: microgram
    ng: nanogram
    g: gram
    lb|lbs: pound
    oz: ounce
    ml|mL: milliliter
    dL|dl: deciliter
    L: liter
    gal: gallon
    tbsp: tablespoon
    tsp: teaspoon
    hr|hrs|h: hour
    min|mins: minute
    sec|secs|s: second
    yr|yrs: year
    wk|wks: week
    mos: month
    pts: point
    ms: millisecond
    μs|µs: microsecond
    ns: nanosecond
    kB|KB: kilobyte
    MB: megabyte
    GB: gigabyte
    TB: terabyte
    PB: petabyte
    Kb: kilobit
    Mb: megabit
    Gb: gigabit
    GHz: gigahertz/gigahertz
    MHz: megahertz/megahertz
    kHz: kilohertz/kilohertz
    Hz: hertz/hertz
    MW: megawatt
    GW: gigawatt
    kW: kilowatt
    W: watt
    kWh: kilowatt hour
    MWh: megawatt hour
    Wh: watt hour
    kV: kilovolt
    mV: millivolt
    V: volt
    mA: milliamp
    mAh: milliamp hour
    kΩ: kilohm
    Ω: ohm
    kJ: kilojoule
    J: joule
    kN: kilonewton
    N: newton
    hp: horsepower/horsepower
    dB: decibel
    px: pixel
    req: request
    bps: basis point
    kcal: kilocalorie
    cal: calorie
    kPa: kilopascal
    hPa: hectopascal
    Pa: pascal
    psi: pound per square inch/pounds per square inch
    mmHg: millimeter of mercury/millimeters of mercury
    mol: mole
    mmol: millimole
    mph: mile per hour/miles per hour
    kph|kmph: kilometer per hour/kilometers per hour
    mpg: mile per gallon/miles per gallon
    rpm: revolution per minute/revolutions per minute
    bpm: beat per minute/beats per minute
    fps: frame per second/frames per second
    dpi: dot per inch/dots per inch
    ppm: part per million/parts per million
    ppb: part per billion/parts per billion
    Kbps|kbps: kilobit per second/kilobits per second
    Mbps: megabit per second/megabits per second
    Gbps: gigabit per second/gigabits per second
    sq ft|ft²|sqft: square foot/square feet
    sq m|sqm: square meter
    sq km: square kilometer
    sq mi|mi²: square mile
    cu ft|ft³: cubic foot/cubic feet
    ha: hectare
    m²: square meter
    km²: square kilometer
    cm²: square centimeter
    mm²: square millimeter
    m³: cubic meter
    cm³|cc: cubic centimeter
    km³: cubic kilometer
    s²: second squared/seconds squared
    """
)
_AFTER_SLASH = UNITS | _units(
    """
    hour|hrs: hour
    day|d: day
    week|wk: week
    month|mo: month
    year|yr|y: year
    person: person/people
    mile: mile
    night: night
    unit: unit
    user: user
    minute: minute
    second: second
    kilogram: kilogram
    pound: pound
    gallon: gallon
    square foot: square foot/square feet
    capita: capita
    beat: beat
    barrel|bbl: barrel
    share: share
    ounce: ounce
    ton: ton
    head: head
    child: child/children
    seat: seat
    item: item
    piece: piece
    call: call
    visit: visit
    game: game
    semester: semester
    acre: acre
    token: token
    request|req: request
    serving: serving
    page: page
    """
)
_ALTERNATIVES = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_PER_ALTERNATIVES = "|".join(sorted(map(re.escape, _AFTER_SLASH), key=len, reverse=True))
# A unit, and by how many of which: kWh/100km, μg/m³.
UNIT = rf"(?:{_ALTERNATIVES})(?:/(?:10{{1,3}}\s?)?(?:{_PER_ALTERNATIVES}))?"
UNIT_STOP = r"(?:\.(?=\s[a-z\d]|[,;:)]))?"
"""The stop of an abbreviated unit, which ends no sentence there: 5 lbs., roughly."""
RATE = rf"(?:{_ALTERNATIVES})/(?:{_PER_ALTERNATIVES})"
"""A unit by another one, which is said without a number before it too."""
PER = rf"(?:/(?P<per>{_PER_ALTERNATIVES})(?![A-Za-z0-9]))?"
_WITH_NUMBER = re.compile(r"(\d*)\s?(.+)")


def unit_name(sign: str, *, one: bool, say: Callable[[str], str]) -> str:
    """Return the name of a unit, in the singular or the plural; ``say`` says the number behind its slash."""
    above, _, below = sign.partition("/")
    name = UNITS[above][0 if one else 1]
    if not below:
        return name
    match = _WITH_NUMBER.fullmatch(below)
    number, unit = (match[1], match[2]) if match else ("", below)
    if number and number != "1":
        return f"{name} per {say(number)} {_AFTER_SLASH[unit][1]}"
    return f"{name} per {_AFTER_SLASH[unit][0]}"


def per_name(sign: str) -> str:
    """Return the name of what stands behind a slash: ``hr`` is hour."""
    return _AFTER_SLASH[sign][0]
