"""The three doors on one port: plain HTTP, TLS, and a proxy that ends TLS under the local authority."""

import io
import secrets
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from billing.sim.wechat.crypto import Asked, Authorization, Fault, read_authorization, request_fault, signed_headers
from billing.sim.wechat.doors import merchant, phone
from billing.sim.wechat.doors.switches import switch
from billing.sim.wechat.doors.wire import Answer, Call, dispatch, json_answer, refused
from billing.sim.wechat.faults import BEFORE, AnswerFault, Plan
from billing.sim.wechat.platform import WeChat
from scada.model.digits import whole_of

MAX_BODY: Final = 65_536
TLS_HELLO: Final = b"\x16"
RESET: Final = struct.pack("ii", 1, 0)
OLD_S: Final = 3_600
NEEDS_AGENT: Final = ("/v3/certificates", "/v3/refund/")
NO_AGENT: Final = Fault(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")
OTHER_SERIAL: Final = "7" * 40


class Server(ThreadingHTTPServer):
    """The HTTP server with the platform behind it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], wechat: WeChat) -> None:
        self.wechat = wechat
        self.nonces: set[str] = set()
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        super().__init__(address, Door)

    def tls(self) -> ssl.SSLContext:
        """Give what the doors speak TLS with, made when it is first needed."""
        with self._lock:
            if self._tls is None:
                self._tls = self.wechat.platform.tls()
            return self._tls


class Door(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = MAX_BODY
    timeout = 75
    scheme = "http"

    def setup(self) -> None:
        """Take the connection, in TLS if it begins so."""
        self.request.settimeout(self.timeout)
        try:
            self._secure_if_asked()
            super().setup()
        except OSError:
            self.scheme, self.rfile, self.wfile = "broken", io.BytesIO(), io.BytesIO()

    def handle(self) -> None:
        """Answer what comes; a connection that breaks off is nobody's loss."""
        if self.scheme == "broken":
            return
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        """Let the connection go; TLS has a socket of its own."""
        with suppress(OSError):
            super().finish()
        self.request.close()

    def _secure_if_asked(self) -> None:
        if self.request.recv(1, socket.MSG_PEEK) == TLS_HELLO:
            self.request = self.server.tls().wrap_socket(self.request, server_side=True)
            self.scheme = "https"

    def do_CONNECT(self) -> None:
        """Stand in for whoever is asked for, as a proxy that ends TLS."""
        self.send_response(200)
        self.end_headers()
        self.wfile.close()
        self.rfile.close()
        self._secure_if_asked()
        self.rfile = self.request.makefile("rb", self.rbufsize)
        self.wfile = self.request.makefile("wb", self.wbufsize)
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve(b"")

    def do_OPTIONS(self) -> None:
        """Answer a browser that asks before it posts."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        length = whole_of(self.headers.get("Content-Length", ""), MAX_BODY)
        if length is None:
            self.close_connection = True
            self._send(Answer(413))
            return
        self._serve(self.rfile.read(length))

    def log_message(self, format: str, *args: object) -> None:
        """Leave it to the judge log."""

    def _serve(self, body: bytes) -> None:
        host = self.headers.get("Host", "127.0.0.1")
        call = Call(
            self.server.wechat, self.command, self.path, body, f"{self.scheme}://{host}", dict(self.headers.items())
        )
        if call.path.startswith("/v3/"):
            self._serve_merchant(call)
        elif call.path.startswith("/sim/"):
            self._send(switch(call))
        else:
            self._send(dispatch(phone.ROUTES, call))

    def _serve_merchant(self, call: Call) -> None:
        wechat = call.wechat
        plan = wechat.faults.take(call.method, call.path)
        spoilt = plan.fault if plan else None
        if spoilt is AnswerFault.DROP_BEFORE:
            self.close_connection = True
            return
        fault = self._request_fault(call)
        if fault is not None:
            answer = refused(call, fault)
        elif spoilt in BEFORE:
            answer = _MADE_UP[spoilt]
        else:
            answer = dispatch(merchant.ROUTES, call)
        verdict = None if fault is None else fault.message
        wechat.judge.note(
            "request",
            method=call.method,
            target=call.target,
            status=answer.status,
            fault=spoilt and spoilt.value,
            verdict=verdict,
        )
        self._deliver(answer, plan)

    def _deliver(self, answer: Answer, plan: Plan | None) -> None:
        """Send an answer, or spoil it when everything is done."""
        spoilt = plan.fault if plan else None
        match spoilt:
            case AnswerFault.DROP_AFTER:
                self.close_connection = True
            case AnswerFault.RESET_AFTER:
                self.close_connection = True
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            case AnswerFault.ELSEWHERE:
                self._send(Answer(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
            case _:
                if plan is not None and plan.wait_s:
                    threading.Event().wait(plan.wait_s)
                self._send(answer, spoilt)

    def _request_fault(self, call: Call) -> Fault | None:
        if call.path.startswith(NEEDS_AGENT) and not (self.headers.get("Accept") and self.headers.get("User-Agent")):
            return NO_AGENT
        given = read_authorization(self.headers.get("Authorization"), call.path)
        if not isinstance(given, Authorization):
            return given
        wechat = call.wechat
        asked = Asked(call.method, call.target, call.body)
        now_s, facts = wechat.clock.signing_s(), wechat.switchboard.facts
        fault = request_fault(given, wechat.platform.caller, asked, now_s, facts)
        if fault is None and given.nonce_str in self.server.nonces:
            wechat.judge.note("nonce used again", nonce=given.nonce_str)
        self.server.nonces.add(given.nonce_str)
        return fault

    def _send(self, answer: Answer, spoilt: AnswerFault | None = None) -> None:
        body = b"<html>" if spoilt is AnswerFault.NOT_JSON else answer.body
        self.send_response(answer.status)
        self.send_header("Request-ID", secrets.token_hex(16).upper())
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        if body:
            self.send_header("Content-Type", answer.content_type)
        for name, value in (dict(answer.headers) | self._signature(answer, body, spoilt)).items():
            self.send_header(name, value)
        self.end_headers()
        if spoilt is AnswerFault.HALF_BODY:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def _signature(self, answer: Answer, body: bytes, spoilt: AnswerFault | None) -> dict[str, str]:
        if not answer.signed or spoilt is AnswerFault.UNSIGNED:
            return {}
        wechat = self.server.wechat
        identity = wechat.platform.identity(self.headers.get("Wechatpay-Serial"))
        now_s = wechat.clock.signing_s() - (OLD_S if spoilt is AnswerFault.OLD_TIMESTAMP else 0)
        headers = signed_headers(identity.key, identity.serial, body, now_s)
        if spoilt is AnswerFault.BAD_SIGNATURE:
            headers["Wechatpay-Nonce"] += "X"
        if spoilt is AnswerFault.SIGNTEST:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        if spoilt is AnswerFault.OTHER_SERIAL:
            headers["Wechatpay-Serial"] = OTHER_SERIAL
        if wechat.switchboard.facts.signature_type == "left_out":
            del headers["Wechatpay-Signature-Type"]
        return headers


_MADE_UP: Final[Mapping[AnswerFault | None, Answer]] = {
    AnswerFault.SYSTEM_ERROR: json_answer(500, {"code": "SYSTEM_ERROR", "message": "系统错误"}),
    AnswerFault.RATE_LIMITED: json_answer(429, {"code": "FREQUENCY_LIMITED", "message": "频率超限"}),
    AnswerFault.HEARD: json_answer(202, {"code": "ACCEPTED", "message": "已受理，请重试"}, signed=True),
}
