"""A person at the control room, for a bench: signs in, looks at the alarms, acknowledges them."""

from typing import Any

from scada.sim.people.pages import Browser
from tests.bench.carsite import BenchSite


class Person:
    """Signed in at the control room of a site. Every method blocks and raises PageError."""

    def __init__(self, site: BenchSite) -> None:
        self._url = site.url
        self._browser = Browser()
        form = self._browser.open(f"{site.url}/sign-in").form("password")
        if form is None:
            raise RuntimeError("the sign-in page has no form")
        self._token = self._browser.submit(form, name=site.name, password=site.password).csrf_token

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Give the alarms as the page gets them, by their ids."""
        content = self._browser.json(f"{self._url}/api/v1/alarms")
        if not isinstance(content, dict):
            raise TypeError(f"not a list of alarms: {str(content)[:200]}")
        return {str(row["id"]): row for row in content["alarms"]}

    def acknowledge(self, *alarms: str) -> object:
        """Say that one has seen alarms; gives the answer."""
        body = {"alarms": list(alarms)}
        headers = {"X-CSRFToken": self._token}
        return self._browser.send(f"{self._url}/api/v1/alarms/acknowledge", body, **headers)
