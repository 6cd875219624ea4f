"""Chinese first, English second: which of the two a page speaks."""

from pathlib import Path

from flask import Flask, request
from flask_babel import Babel, get_locale, gettext  # type: ignore[import-untyped]

from hmi.i18n.said import said

LANGUAGES = ("zh", "en")
CATALOGUE = Path(__file__).parent / "i18n"
_TAGS = {"zh": "zh-CN", "en": "en"}


def speak(app: Flask, cookie: str | None = None) -> None:
    """Let the application's pages speak `?lang=`, else the kept choice, else the browser's language.

    `cookie` names the cookie that keeps the choice; without one nothing is kept.
    """

    def choose() -> str:
        kept = request.cookies.get(cookie) if cookie else None
        for asked in (request.args.get("lang"), kept):
            if asked in LANGUAGES:
                return str(asked)
        return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]

    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(CATALOGUE)
    Babel(app, locale_selector=choose)
    app.jinja_env.globals["language"] = language
    app.jinja_env.globals["language_tag"] = lambda: _TAGS[language()]


def language() -> str:
    """Give the language of the page now being made."""
    return str(getattr(get_locale(), "language", LANGUAGES[0]))


def say_words(words: str) -> str:
    """Translate words of the plant, which come in English."""
    return said(words, language())


def say(text: str, **values: object) -> str:
    """Translate a text; `%(name)s` in it is filled from `values`."""
    return str(gettext(text, **values))
