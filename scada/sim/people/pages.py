"""A browser as small as it can be: pages over HTTP, their forms and what their marks say."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

ANSWER_S = 8.0
REDIRECTS = 5
_VOID = frozenset(("area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))


class PageError(Exception):
    """A page could not be got or is not the page it should be: what was asked, and what came."""


class SignedOut(PageError):
    """Nobody is signed in: nothing was done, and whoever signs in may ask again."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form with its fields as the page filled them; `data` are the `data-…` marks on it and around it."""

    action: str
    fields: dict[str, str]
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it is, the marks of its body, and its forms."""

    url: str
    data: dict[str, str]
    forms: tuple[Form, ...]
    meta: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """What `data-state` says."""
        return self.data.get("state", "")

    @property
    def csrf_token(self) -> str:
        """Give the token that this page's scripts would send along."""
        in_forms = (form.fields["csrf_token"] for form in self.forms if "csrf_token" in form.fields)
        return self.meta.get("csrf-token") or next(in_forms, "")

    def form(self, name: str) -> Form | None:
        """Give the first form that has a field of this name or goes to a path ending with it."""
        return next((one for one in self.forms if name in one.fields or urlsplit(one.action).path.endswith(name)), None)


@dataclass(slots=True)
class _Building:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects body marks and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.body: dict[str, str] = {}
        self.meta: dict[str, str] = {}
        self.forms: list[_Building] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._form: _Building | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the opening of an element."""
        values = {name: value or "" for name, value in attrs}
        marks = {name.removeprefix("data-"): value for name, value in values.items() if name.startswith("data-")}
        if tag == "body":
            self.body = marks
        if tag == "meta" and "name" in values:
            self.meta[values["name"]] = values.get("content", "")
        if tag not in _VOID:
            self._open.append((tag, marks))
        if tag == "form":
            around = {name: value for _, outer in self._open for name, value in outer.items()}
            self._form = _Building(values.get("action", ""), data=around)
            self.forms.append(self._form)
        elif self._form is not None and tag in ("input", "button", "select", "textarea") and values.get("name"):
            self._form.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Take the closing of an element, and of what was left open inside it."""
        if tag == "form":
            self._form = None
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                continue


def read_page(url: str, text: str) -> Page:
    """Read a page's HTML."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    forms = tuple(Form(urljoin(url, form.action), form.fields, form.data) for form in reader.forms)
    return Page(url, reader.body, forms, reader.meta)


class Browser:
    """One person's browser, with its own cookies. Every method raises PageError.

    `address`: where the person is; the site hears it as from the proxy that ends TLS.
    """

    def __init__(self, address: str | None = None) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        if address is not None:
            self._session.headers["X-Forwarded-For"] = address

    def open(self, url: str) -> Page:
        """Get a page."""
        return self._page(self._ask("GET", url))

    def submit(self, form: Form, **filled: str) -> Page:
        """Send a form, with some fields filled in; a refusal is a page too."""
        fields = {**form.fields, **filled}
        return self._page(self._ask("POST", form.action, data=fields, headers={"Referer": form.action}))

    def json(self, url: str) -> object:
        """Get JSON."""
        return self._content(self._ask("GET", url))

    def send(self, url: str, content: object, **headers: str) -> object:
        """Post JSON and give the JSON of the answer, a refusal's too; being signed out is none."""
        return self._content(self._ask("POST", url, json=content, headers=headers))

    def bytes(self, url: str) -> bytes | None:
        """Get a file; None where there is none."""
        answer = self._ask("GET", url)
        return answer.content if answer.status_code == requests.codes.ok else None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, method: str, url: str, **content: object) -> requests.Response:
        answer = self._once(method, url, **content)
        for _ in range(REDIRECTS):
            if answer.next is None:
                return answer
            answer = self._once("GET", urljoin(answer.url, answer.headers["Location"]))
        raise PageError(f"{method} {url}: led on {REDIRECTS} times")

    def _once(self, method: str, url: str, **content: object) -> requests.Response:
        try:
            answer = self._session.request(method, url, timeout=ANSWER_S, allow_redirects=False, **content)  # type: ignore[arg-type]
        except requests.RequestException as error:
            raise PageError(f"{method} {url}: {error}") from error
        for cookie in self._session.cookies:
            cookie.secure = False  # browsers send secure cookies to this machine without TLS too
        return answer

    def _page(self, answer: requests.Response) -> Page:
        if answer.status_code >= requests.codes.server_error:
            raise PageError(f"{answer.request.method} {answer.url}: {answer.status_code}")
        return read_page(answer.url, answer.text)

    def _content(self, answer: requests.Response) -> object:
        if answer.status_code == requests.codes.unauthorized:
            raise SignedOut(f"{answer.request.method} {answer.url}: signed out")
        try:
            return answer.json()
        except ValueError as error:
            raise PageError(f"{answer.request.method} {answer.url}: {answer.status_code}, not JSON") from error
