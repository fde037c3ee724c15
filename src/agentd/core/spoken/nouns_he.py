"""What a phone business counts, in Hebrew: the gender of nouns, their singular, and their dual.

The table holds what people count on the phone and every common noun whose ending lies about its gender (מקומות is
masculine, שנים feminine). For the rest the ending decides: -ות and singular -ה, -ת are feminine, -ים is masculine.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Noun(NamedTuple):
    """A counted noun. `dual` replaces "two of them" where people say so (שעתיים)."""

    one: str
    many: str
    masculine: bool
    dual: str = ""


_MASCULINE = """
שקל שקלים|דולר דולרים|אחוז אחוזים|יום ימים|חודש חודשים חודשיים|שבוע שבועות שבועיים|מטר מטרים|קילומטר קילומטרים
סנטימטר סנטימטרים|מילימטר מילימטרים|ליטר ליטרים|גרם גרמים|קילוגרם קילוגרמים|טון טונות|דונם דונמים|חדר חדרים
איש אנשים|אדם אנשים|ילד ילדים|בן בנים|מקום מקומות|שולחן שולחנות|חלון חלונות|רחוב רחובות|לילה לילות|בוקר בקרים
ערב ערבים|חשבון חשבונות|ארון ארונות|קיר קירות|כיסא כיסאות|שם שמות|רעיון רעיונות|פתרון פתרונות|ניסיון ניסיונות
יתרון יתרונות|חיסרון חסרונות|דור דורות|מטבע מטבעות|מפתח מפתחות|וילון וילונות|אולם אולמות|מקור מקורות|גג גגות
צינור צינורות|שטר שטרות|פיקדון פיקדונות|עיקרון עקרונות|עיתון עיתונות|סוד סודות|קול קולות|נהר נהרות|סולם סולמות
אב אבות|זוג זוגות|לקוח לקוחות|שיעור שיעורים|תור תורים|בית בתים|מבנה מבנים|חוזה חוזים|נושא נושאים
מקרה מקרים|צוות צוותים|מחיר מחירים|נכס נכסים|בניין בניינים|פרויקט פרויקטים|סניף סניפים|מספר מספרים|טלפון טלפונים
נציג נציגים|סוכן סוכנים|מתווך מתווכים|יועץ יועצים|רופא רופאים|טיפול טיפולים|תשלום תשלומים|מועד מועדים|מסמך מסמכים
כרטיס כרטיסים|פריט פריטים|מוצר מוצרים|שירות שירותים|קו קווים|אזור אזורים|מזגן מזגנים|סלון סלונים|מחסן מחסנים
רבע רבעים|שליש שלישים|קילו קילו|יורו יורו|סנט סנט|חצי חצאים|מיליון מיליונים|מיליארד מיליארדים|גיגה גיגה|מגה מגה
מורה מורים|שדה שדות|תלמיד תלמידים|אורח אורחים|מבוגר מבוגרים|תינוק תינוקות|חלק חלקים|סוג סוגים|כיוון כיוונים|שלב שלבים
צעד צעדים|הסכם הסכמים|הורה הורים|החזר החזרים|הליך הליכים|היבט היבטים|הסדר הסדרים|הר הרים|קונה קונים|שוכר שוכרים
מוכר מוכרים|דייר דיירים|שותף שותפים|עובד עובדים|אישור אישורים|ביקור ביקורים|מכתב מכתבים|קילוואט קילוואט|מחזור מחזורים
תאריך תאריכים|רכב רכבים|אוטובוס אוטובוסים|טכנאי טכנאים|שקע שקעים|מכשיר מכשירים|חיבור חיבורים|מנוי מנויים|קובץ קבצים
"""
_FEMININE = """
שנה שנים שנתיים|שעה שעות שעתיים|דקה דקות|שנייה שניות|פעם פעמים פעמיים|אגורה אגורות|אישה נשים|דרך דרכים|עיר ערים
אבן אבנים|מילה מילים|ביצה ביצים|יד ידיים|רגל רגליים|עין עיניים|אוזן אוזניים|שן שיניים|נעל נעליים|כוס כוסות|כף כפות
חצר חצרות|לירה לירות|בת בנות|אחות אחיות|פגישה פגישות|שיחה שיחות|דירה דירות|קומה קומות|חניה חניות|מרפסת מרפסות
שאלה שאלות|הצעה הצעות|הזמנה הזמנות|הודעה הודעות|משפחה משפחות|חברה חברות|תוכנית תוכניות|אפשרות אפשרויות|מעלה מעלות
יחידה יחידות|נקודה נקודות|ספרה ספרות|עסקה עסקאות|סיבה סיבות|בעיה בעיות|תקופה תקופות|נפש נפשות|מנה מנות|מיטה מיטות
אמבטיה אמבטיות|מקלחת מקלחות|כניסה כניסות|מדרגה מדרגות|קבוצה קבוצות|שכונה שכונות|תשובה תשובות|כתובת כתובות|שורה שורות
הלוואה הלוואות|הנחה הנחות|הערה הערות|הפסקה הפסקות|עבודה עבודות|בקשה בקשות|תחנה תחנות|חנות חנויות|עמלה עמלות
ציפור ציפורים|שבת שבתות|ערבות ערבויות|כיכר כיכרות|חתימה חתימות|בדיקה בדיקות|משרה משרות|גרסה גרסאות|חבילה חבילות
"""
_CONSTRUCTS = """
ימי חדרי חודשי כרטיסי מספרי בתי אנשי ילדי נציגי סוכני תאי מסמכי אישורי תשלומי סוגי פרויקטי מבני שיעורי טיפולי מטרי
אחוזי בני סבבי מחזורי אזורי קווי תורי פריטי מפתחות שולחנות מקומות
"""
# The second half of two-word nouns: "one" goes behind it (חדר שינה אחד).
_SECONDS = """
רבוע רבועים מעוקב שינה אמבטיה רחצה חניה חנייה ישיבות עבודה עסקים טלפון אשראי שטרלינג המתנה היכרות ייעוץ
"""
SECOND = frozenset(_SECONDS.split())
# Words that end like plurals and are not what the number counts.
_LOOKALIKES = """
בצהריים צהריים לפעמים מתאים נעים קיים מסוים מגיעים פנויים אפשריים שמים מים יוצאים נפגשים בערבים בימים פתוחים סגורים
אנחנו חוזרים מתחילים מסיימים עולים שווים אומרים רוצים כוללים
"""
_NOT_COUNTED = frozenset(_LOOKALIKES.split())
_POINTS = re.compile(r"[\u0591-\u05C7]")


def _read(table: str, masculine: bool) -> list[Noun]:
    entries = [entry.split() for line in table.split("\n") for entry in line.split("|") if entry]
    return [Noun(entry[0], entry[1], masculine, entry[2] if len(entry) > 2 else "") for entry in entries]


_NOUNS = _read(_MASCULINE, True) + _read(_FEMININE, False)
# The first singular of a shared plural wins (אנשים: איש).
BY_FORM: dict[str, Noun] = {}
for _noun in _NOUNS:
    for _form in _noun[:2]:
        BY_FORM.setdefault(_form, _noun)
_CONSTRUCT_FORMS = frozenset(_CONSTRUCTS.split())


def bare(word: str) -> str:
    """Without its points."""
    return _POINTS.sub("", word)


def known(word: str) -> Noun | None:
    """The noun of the table that this is a form of."""
    return BY_FORM.get(bare(word))


def counts_as(word: str) -> tuple[bool, bool] | None:
    """(masculine, definite) of the word right after a number; None: it is not what the number counts."""
    word = bare(word)
    if word in _NOT_COUNTED:
        return None
    if noun := BY_FORM.get(word):
        return noun.masculine, False
    if word in _CONSTRUCT_FORMS:
        return True, False
    if word.startswith("ה") and (noun := BY_FORM.get(word[1:])) and noun.many == word[1:]:
        return noun.masculine, True
    if word.startswith("ל") or (word[:1] in "בכמשו" and word[1:] in BY_FORM):
        return None  # a preposition stands between: "2 לשירות", "3 במקומות"
    if len(word) > 3 and word.endswith("ות"):
        return False, False
    if len(word) > 3 and word.endswith("ים"):
        return True, word.startswith("ה")
    return None


def gender_of_one(word: str) -> bool | None:
    """Masculine? For a singular that stands before its number (הקומה ה-3); None when unknown."""
    word = bare(word)
    for cut in range(min(3, len(word))):
        if word[:cut].strip("ושהכלבמ"):
            return None
        noun = BY_FORM.get(word[cut:])
        if noun is not None and noun.one == word[cut:]:
            return noun.masculine
    return None
