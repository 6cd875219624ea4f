"""The switches of the simulated WeChat Pay: how its next notices and answers go wrong."""

import requests

WITHIN_S = 6.0


class SwitchError(Exception):
    """A switch could not be thrown."""


class Switch:
    """Blocking; call it in a thread."""

    def __init__(self, url: str) -> None:
        self._url = url

    def notices(self, manner: str, times: int = 1) -> None:
        """Send the next notices in this manner."""
        self._post("notices", manner=manner, times=times)

    def answers(self, fault: str, path: str = "", times: int = 1) -> None:
        """Spoil the next answers to requests whose path contains `path`."""
        self._post("answers", fault=fault, path=path, times=times)

    def clear(self) -> None:
        """Answer everything well again."""
        self._post("clear")

    def pay(self, code_url: str, payer: str) -> str:
        """Pay what a code asks for, from any phone; gives what WeChat says."""
        answer = self._send("POST", f"{self._url}/phone/pay", code_url=code_url, openid=payer)
        return str(answer.json().get("result"))

    def unpaid(self) -> list[str]:
        """Give the codes of all orders that wait for their payment."""
        orders = self._send("GET", f"{self._url}/sim/orders").json()
        return [str(one["code_url"]) for one in orders if one["state"] == "NOTPAY" and one["code_url"]]

    def forge(self, code_url: str, manner: str) -> int:
        """Tell of a payment that was not made, wrong in this manner; gives the status of the site's answer."""
        return int(self._send("POST", f"{self._url}/sim/forge", code_url=code_url, manner=manner).json()["status"])

    def _post(self, door: str, **content: object) -> None:
        self._send("POST", f"{self._url}/sim/{door}", **content)

    def _send(self, method: str, url: str, **content: object) -> requests.Response:
        try:
            answer = requests.request(method, url, json=content or None, timeout=WITHIN_S)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise SwitchError(f"{url} {content}: {error}") from error
        return answer
