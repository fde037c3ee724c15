"""What the rules brain says in English."""

from __future__ import annotations

from agentd_local.rules.sentences import Sentences

ENGLISH = Sentences(
    acks=("Got it.", "Thank you.", "Great.", "All right."),
    thanks_name=("Thanks, {value}.", "Nice to meet you, {value}."),
    noted=("Sorry, {value} it is.", "Thanks, I've changed it to {value}."),
    more_digits=("I got {digits}. What's the rest?", "So far {digits}. And then?"),
    what_time=("{day}. What time suits you?", "{day} is fine. At what time?"),
    which_day=("{time}. On which day?", "{time} works. Which day?"),
    skip=("That's all right, let's leave that.", "No problem, we'll skip that."),
    change_what=("Sorry about that. What should it be?", "My mistake. What's the right one?"),
    anything_else=("I've noted that. Is there anything else?", "All right. Anything else I can do?"),
    summary="So, {items}.",
    otherwise={
        "text": ("In a few words, what is it about?", "Just briefly, what do you need?"),
        "name": ("What name shall I put down?", "Could you just say your first name?"),
        "phone": (
            "Could you say the number slowly, digit by digit?",
            "Which number can we call you back on, one digit at a time?",
        ),
        "date": (
            "Which day works for you, and roughly at what time?",
            "Is there a day this week that suits you?",
        ),
        "timing": ("Roughly when: soon, in a few months, or is there no rush?", "In which month, more or less?"),
        "money": ("Roughly how much, in shekels?", "Could you give me just a number, more or less?"),
        "area": ("Which town or neighbourhood would that be?", "Could you name one town, please?"),
        "number": ("How many is that, as a number?", "Could you give me just the number?"),
        "choice": ("Would that be {choices}?", "Which one is it: {choices}?"),
        "yes-no": ("Is that a yes or a no?", "Just yes or no: {question}"),
    },
    one_of=" or ",
    small_talk={
        "how-are-you": ("I'm doing well, thank you.", "Very well, thanks."),
        "hear-me": ("Yes, I can hear you.", "I'm here."),
        "robot": ("I'm the automatic assistant here, happy to help.", "Yes, I'm an automatic assistant."),
        "human": ("I'll pass that on, and someone will call you back.", "Of course, somebody will call you back."),
        "question": ("I can't say, but someone will call you about it.", "I don't know, but we'll call you back."),
        "repeat": ("Sure.", "Of course."),
        "wait": ("Of course, take your time.", "Sure, I'm here."),
        "greeting": ("Hello!", "Hi there!"),
        "thanks": ("You're welcome.", "My pleasure."),
        "angry": ("I'm sorry about that, I want to help.", "I understand, and I'm sorry."),
        "off-topic": ("That's not something I can do here.", "I can't help with that one."),
        "unclear": ("Sorry, I didn't get that.", "I'm afraid I missed that."),
    },
    windows=("I have {windows}. Which suits you best?", "There's {windows}. Which one works for you?"),
    window=("{window} is free, shall I book it?", "I can do {window}, shall I put you down?"),
    not_free=("That time isn't free.", "Nothing is free right then."),
    taken=("Sorry, that one was taken just now.", "Oh, someone has just taken it."),
    other_time=("No problem. Which day and time would suit you?", "Of course. When would be better for you?"),
    cannot_book=(
        "I can't book it right now, so someone will call you about it.",
        "Someone will call you to arrange it.",
    ),
    cannot_move=("I'll pass on that you'd like another time, and someone will call you.",),
    sent=("I've sent it.", "It's on its way."),
    not_sent=("I couldn't send it, but you are booked.",),
    message="Your meeting is booked: {meeting}. See you there!",
    message_at="Your meeting is booked: {meeting}, {place}. See you there!",
    phrases={
        "no-time": (
            "There's no free time in the next days, so someone will call you.",
            "Someone will call to find a time.",
        ),
        "booked": ("It's booked.", "That's in the calendar."),
        "whatsapp-offer": ("Shall I send you a confirmation on WhatsApp?", "Would you like a WhatsApp confirmation?"),
    },
    today="today",
    tomorrow="tomorrow",
    on="",
)
