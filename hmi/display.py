"""What the lane's display says, in words, for every message of the lane machine."""

from typing import assert_never

from flask_babel import force_locale  # type: ignore[import-untyped]

from hmi.language import LANGUAGES, say
from scada.model.lane.commands import Message


def words(message: Message) -> str:
    """Give the words of a message in the language now spoken."""
    match message:
        case Message.CLOSED:
            return say("Lane closed")
        case Message.WELCOME:
            return say("Welcome")
        case Message.READING:
            return say("Reading your plate")
        case Message.WAIT:
            return say("Please wait")
        case Message.SCAN_PLATE:
            return say("Scan to enter your plate")
        case Message.SCAN_PAY:
            return say("Scan to pay")
        case Message.GO | Message.GO_FREE | Message.GO_PAID | Message.PLEASE_GO:
            return _go(message)
        case Message.HELP_COMES:
            return say("Help is coming")
        case Message.BACK_OUT:
            return say("Please back out")
        case Message.ONE_AT_A_TIME:
            return say("One car at a time")
        case Message.OUT_OF_ORDER:
            return say("Out of order")
        case Message.FULL:
            return say("Car park full, please wait")
        case Message.OPEN_LANE:
            return say("Lane open, please drive on")
        case Message.OTHER_WAY:
            return say("Wrong way, please back out")
        case Message.PAYING | Message.CONFIRM_PAYMENT | Message.CODE_INVALID:
            return _by_code(message)
        case Message.TOO_LITTLE_MONEY:
            return say("Not enough money, please pay another way")
        case Message.NOT_PAID:
            return say("Not paid, please try again")
        case _:
            assert_never(message)


def _go(message: Message) -> str:
    if message is Message.GO_FREE:
        return say("Free, please drive on")
    return say("Paid, please drive on") if message is Message.GO_PAID else say("Please drive on")


def _by_code(message: Message) -> str:
    """Say how a payment at the scanner goes."""
    if message is Message.PAYING:
        return say("Paying, please wait")
    if message is Message.CONFIRM_PAYMENT:
        return say("Please confirm on your phone")
    return say("Code not valid, please show a new one")


def in_all_languages(message: Message) -> dict[str, str]:
    """Give the words in each language: a display at the road shows them one above the other."""
    spoken = {}
    for language in LANGUAGES:
        with force_locale(language):
            spoken[language] = words(message)
    return spoken
