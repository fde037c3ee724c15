"""Abbreviations that a voice would spell, written out. Acronyms that are words of their own (צה"ל, מע"מ, NASA) stay."""

from __future__ import annotations

import re

_HE = {
    "ד\"ר": "דוקטור", "פרופ'": "פרופסור", "עו\"ד": "עורך דין", "רו\"ח": "רואה חשבון", "גב'": "גברת", "אדר'": "אדריכל",
    "רח'": "רחוב", "שד'": "שדרות", "שכ'": "שכונת", "חב'": "חברת", "משפ'": "משפחת", "מס'": "מספר", "טל'": "טלפון",
    "עמ'": "עמוד", "ת\"א": "תל אביב", "ב\"ש": "באר שבע", "פ\"ת": "פתח תקווה", "ראשל\"צ": "ראשון לציון",
    "כפ\"ס": "כפר סבא", "רמה\"ש": "רמת השרון", "י-ם": "ירושלים", "ארה\"ב": "ארצות הברית", "ת\"ז": "תעודת זהות",
    "ת.ז.": "תעודת זהות", "ת.ז": "תעודת זהות", "ת.ד.": "תא דואר", "ת.ד": "תא דואר", "ת\"ד": "תא דואר",
    "וכו'": "וכולי", "וכד'": "וכדומה", "וגו'": "וגומר", "לדוג'": "לדוגמה", "אח\"כ": "אחר כך", "אחה\"צ": "אחר הצהריים",
    "לפנה\"צ": "לפני הצהריים", "ע\"י": "על ידי", "עפ\"י": "על פי", "ע\"פ": "על פי", "בע\"פ": "בעל פה", "ע\"ש": "על שם",
    "ע\"ח": "על חשבון", "בד\"כ": "בדרך כלל", "כ\"כ": "כל כך", "סה\"כ": "סך הכול", "בסה\"כ": "בסך הכול",
    "בי\"ס": "בית ספר", "ביה\"ס": "בית הספר", "בי\"ח": "בית חולים", "ביה\"ח": "בית החולים", "יו\"ר": "יושב ראש",
    "מ\"ר": "מטר רבוע", "ק\"מ": "קילומטר", "ק\"ג": "קילו", "ס\"מ": "סנטימטר", "קמ\"ש": "קילומטר לשעה", "ש\"ח": "שקלים",
    "דק'": "דקות", "חד'": "חדרים", "א\"א": "אי אפשר", "בעה\"ב": "בעל הבית", "מו\"מ": "משא ומתן",
    "חו\"ש": "חדר ושירותים",
    "בהצ'": "בהצלחה", "קומת ק'": "קומת קרקע", "כמו\"כ": "כמו כן", "מוצ\"ש": "מוצאי שבת", "בימ\"ש": "בית משפט",
}  # fmt: skip
_HE_DAYS = {"א": "ראשון", "ב": "שני", "ג": "שלישי", "ד": "רביעי", "ה": "חמישי", "ו": "שישי", "ש": "שבת"}
_HE_PATTERN = re.compile(
    rf"(?<![א-ת'\"])([ושהכלבמ]{{0,2}})({'|'.join(re.escape(k) for k in sorted(_HE, key=len, reverse=True))})"
    rf"(?![א-ת'\"])"
)
_HE_MAYBE = re.compile(r"[א-ת](?:['\"]|[.-][א-ת])")
_HE_DAY_RANGE = re.compile(
    r"(?<![א-ת'\"])(?P<before>(?:[בהלמ]?ימים |[בהלמ]?ימי |[בהלמ]?יום )?)(?P<a>[א-ו])'? ?(?:-|עד|ו-) ?"
    r"(?P<b>[א-וש])'(?![א-ת'\"])"
)
_HE_DAY = re.compile(
    r"(?<![א-ת'\"])(?:(?P<day>[בהלמושכ]{0,2}(?:יום|ימי|ימים) )(?P<letter>[א-וש])'(?![א-ת'\"])|"
    r"(?P<hour>[א-ו])'(?= \d{1,2}:\d\d))"
)
_HE_DAY_LIST = re.compile(r"(?<=ימי |מים )[א-ו]'(?:(?:, ?|,? ו-?)[א-וש]'(?![א-ת'\"]))+")
_HE_LETTER = re.compile(r"([א-וש])'")
_HE_GRADE = re.compile(r"(?:כית\S*|שכב\S*) $")

_EN = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "approx.": "approximately",
    "appt.": "appointment", "appts.": "appointments", "dept.": "department", "Dept.": "Department", "ext.": "extension",
    "Ext.": "Extension", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Apt.": "Apartment", "Ste.": "Suite",
    "Prof.": "Professor", "Mr.": "Mister", "Mrs.": "Missus", "Jr.": "Junior", "Sr.": "Senior", "Inc.": "Incorporated",
    "Ltd.": "Limited", "Corp.": "Corporation",
    "Sat.": "Saturday", "Sun.": "Sunday", "Mon.": "Monday", "Tue.": "Tuesday",
    "Tues.": "Tuesday",
    "Wed.": "Wednesday", "Thu.": "Thursday", "Thurs.": "Thursday", "Fri.": "Friday", "Jan.": "January",
    "Feb.": "February",
    "Aug.": "August", "Sept.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December",
    "tel.": "telephone",
    "Tel.": "Telephone", "min.": "minutes", "hrs.": "hours", "ASAP": "as soon as possible", "w/": "with",
    "w/o": "without",
}  # fmt: skip
_EN_PATTERN = re.compile(rf"(?<![\w.])({'|'.join(re.escape(k) for k in sorted(_EN, key=len, reverse=True))})(?!\w)")
_EN_NUMBER = re.compile(r"(?<![\w.])(?:No|Nr)\. ?(?=\d)")
_EN_DAY_NAMES = {
    "Sun": "Sunday", "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday",
    "Sat": "Saturday",
}  # fmt: skip
_EN_DAY_NAME = r"(Sun|Mon|Tue|Wed|Thu|Fri|Sat)(?:s|rs|urs|nes)?\b\.?"
_EN_DAYS = re.compile(rf"\b{_EN_DAY_NAME} ?[-–] ?{_EN_DAY_NAME}")
# "12 Main St." against "St. Louis", and "Elm Dr." against "Dr. Levi".
_EN_STREET = re.compile(r"(?<=[A-Za-z] )(St|Dr)\.(?! [A-Z])|(?<=\d )([A-Z][a-z]+(?: [A-Z][a-z]+)?) (St|Dr)\.")
_EN_TITLE = re.compile(r"\b(St|Dr)\.(?= ?\w|$)")
_STREETS, _TITLES = {"St": "Street", "Dr": "Drive"}, {"St": "Saint", "Dr": "Doctor"}


def hebrew(text: str) -> str:
    """Hebrew abbreviations, with their prefixes (בת"א)."""
    if not _HE_MAYBE.search(text):
        return text
    return _HE_PATTERN.sub(lambda m: m[1] + _HE[m[2]], text)


def weekdays(text: str) -> str:
    """Hebrew days of the week by letter: יום א', ימים א'-ה', ימי ב' ו-ד', ו' 9:00. Before figures are touched."""
    if "'" not in text:
        return text
    text = _HE_DAY_LIST.sub(lambda m: _HE_LETTER.sub(lambda n: _HE_DAYS[n[1]], m[0].replace("ו-", "ו")), text)
    text = _HE_DAY_RANGE.sub(_days, text)
    return _HE_DAY.sub(lambda m: (m["day"] or "") + _HE_DAYS[m["letter"] or m["hour"]], text)


def english(text: str) -> str:
    """English abbreviations, and the days of a range (Mon-Fri)."""
    text = _EN_DAYS.sub(lambda m: f"{_EN_DAY_NAMES[m[1]]} to {_EN_DAY_NAMES[m[2]]}", text)
    text = _EN_PATTERN.sub(_written_out, text)
    if "." not in text:
        return text
    text = _EN_NUMBER.sub("number ", text)
    text = _EN_STREET.sub(lambda m: _STREETS[m[1]] if m[1] else f"{m[2]} {_STREETS[m[3]]}", text)
    return _EN_TITLE.sub(lambda m: _TITLES[m[1]], text)


def _days(match: re.Match[str]) -> str:
    if not match["before"] and _HE_GRADE.search(match.string[: match.start()]):
        return match[0]
    joint = "ו" if "ו-" in match[0] else "עד "
    return f"{match['before']}{_HE_DAYS[match['a']]} {joint}{_HE_DAYS[match['b']]}"


def _written_out(match: re.Match[str]) -> str:
    # The full stop of an abbreviation at the end of a text was the sentence's too.
    ends = match[1].endswith(".") and match.end() == len(match.string)
    return _EN[match[1]] + ("." if ends else "")
