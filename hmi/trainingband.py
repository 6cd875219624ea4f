"""The band that every page of a training wears, whoever makes the page: nobody may take it for the real car park."""

import re
from typing import Final

from flask import Flask, Response, render_template_string

from scada.config import Config

_BODY: Final = re.compile(r"<body[^>]*>")
_TITLE: Final = "<title>"
_BAND: Final = """<aside id="training-band" class="training-band" data-training aria-label="TRAINING 培训">\
<b>TRAINING 培训</b> <span lang="zh-CN">这里没有任何真实的车和钱</span> <span lang="en">nothing here is real</span>\
{% if live %} <a href="/training" id="training-heard"></a>{% endif %}</aside>"""
_HEAD: Final = """<link rel="stylesheet" href="{{ asset('training/band.css') }}">\
{% if live %}<script type="module" src="{{ asset('training/band.js') }}"></script>{% endif %}"""


def wear_band(app: Flask, config: Config) -> None:
    """Put the band into every page of the application, if this is a training's site."""
    app.jinja_env.globals["training"] = config.training is not None
    if config.training is not None:
        app.after_request(banded)


def banded(answer: Response) -> Response:
    """Give a page with the band; what is no page stays as it is."""
    if answer.mimetype != "text/html" or answer.is_streamed or answer.direct_passthrough:
        return answer
    page = answer.get_data(as_text=True)
    found = _BODY.search(page)
    if found is None:
        return answer
    live = "data-link=" in found.group()
    head, band = render_template_string(_HEAD, live=live), render_template_string(_BAND, live=live)
    page = f"{page[: found.end()]}{band}{page[found.end() :]}".replace("</head>", f"{head}</head>", 1)
    answer.set_data(page.replace(_TITLE, f"{_TITLE}TRAINING 培训 · ", 1))
    return answer
