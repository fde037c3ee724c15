"""Hebrew abbreviations, markdown and signs. What the model writes, and what the caller hears."""

from __future__ import annotations

import pytest

from agentd.core.spoken import spoken


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('ד"ר כהן מרח\' הרצל 12 בת"א', "דוקטור כהן מרחוב הרצל שתים עשרה בתל אביב"),
        ("רח' ז'בוטינסקי 112, רמת גן", "רחוב ז'בוטינסקי מאה ושתים עשרה, רמת גן"),
        ("רחוב הרצל 12/4", "רחוב הרצל שתים עשרה דירה ארבע"),
        ("שד' רוטשילד 45/3", "שדרות רוטשילד ארבעים וחמש דירה שלוש"),
        ('רו"ח לוי ועו"ד כהן', "רואה חשבון לוי ועורך דין כהן"),
        ("פרופ' ישראלי", "פרופסור ישראלי"),
        ("חב' החשמל", "חברת החשמל"),
        ('לפנה"צ או אחה"צ?', "לפני הצהריים או אחר הצהריים?"),
        ('בד"כ אנחנו עונים ע"י הטלפון אח"כ', "בדרך כלל אנחנו עונים על ידי הטלפון אחר כך"),
        ('בי"ס רמב"ם', 'בית ספר רמב"ם'),
        ('בארה"ב', "בארצות הברית"),
        ("וכו'.", "וכולי."),
        ("עמ' 12", "עמוד שתים עשרה"),
    ],
)
def test_abbreviations(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('צה"ל, מע"מ, מנכ"ל וממ"ד', 'צה"ל, מע"מ, מנכ"ל וממ"ד'),
        ('"שלום" אמר ג\'ון, צה"ל', "שלום אמר ג'ון, צה\"ל"),
    ],
)
def test_acronyms_that_are_words_stay(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("**שלום** 😀", "שלום"),
        ('- חניה\n- מרפסת\n- ממ"ד', 'חניה, מרפסת, ממ"ד'),
        ("1. חדר", "חדר"),
        ("1.", ""),
        ("## הצעה\nדירה יפה", "הצעה, דירה יפה"),
        ("| חדרים | מחיר |\n|---|---|\n| 3 | 5,000 ₪ |", "חדרים, מחיר, שלוש, חמשת אלפים שקלים"),
    ],
)
def test_markdown_goes(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("תודה רבה! 😊 נתראה ב-10:00", "תודה רבה! נתראה בעשר"),
        ("👍", ""),
        ("\u200f050\u20111234567\u200f", "אפס חמש אפס, אחת שתיים שלוש, ארבע חמש, שש שבע"),
        ("בסדר :)", "בסדר"),
        ("1\ufe0f\u20e3 ראשון", "ראשון"),
    ],
)
def test_emoji_and_invisible_marks_go(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("שָׁלוֹם, 3 יָמִים", "שָׁלוֹם, שלושה יָמִים"),
    ],
)
def test_points_stay(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("שלום/להתראות", "שלום או להתראות"),
        ("מעוניין/ת", "מעוניין"),
        ("את/ה יכול/ה", "אתה יכול"),
        ("ו/או", "או"),
        ("(בערך שעה)", "בערך שעה"),
        ("זה (בערך) שעה", "זה, בערך, שעה"),
        ("מכירות & שיווק", "מכירות ושיווק"),
        ("גודל 120 מ״ר + 12 מ״ר מרפסת", "גודל מאה עשרים מטר רבוע פלוס שנים עשר מטר רבוע מרפסת"),
        ("3+1", "שלוש פלוס אחת"),
    ],
)
def test_slashes_brackets_and_signs(text: str, heard: str) -> None:
    assert spoken(text, "he-IL") == heard
