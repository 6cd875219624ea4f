"""How every process logs: to standard error, and nothing secret in it, at any level and by whatever library.

`DAOZHA_LOG=debug` makes all loggers talk. What is masked is said by `scada.model.masks`; keys that were read are
known here besides, so that they are masked whatever they look like.
"""

import logging
import os
import sys
import threading
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from scada.hushed import hidden
from scada.model.masks import MASK, SECRET_FIELDS

LEVEL: Final = "DAOZHA_LOG"
_make_record = logging.getLogRecordFactory()


def log_to_stderr(file: TextIO | None = None, *, ours: int = logging.INFO, others: int = logging.WARNING) -> None:
    """Set up logging: our own lines from the level `ours` on, those of libraries from `others` on."""
    if os.environ.get(LEVEL, "").lower() == "debug":
        ours = others = logging.DEBUG
    logging.basicConfig(stream=sys.stderr, level=others)
    hush()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            _hide_fields,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
            _hide_in_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(ours),
        logger_factory=structlog.PrintLoggerFactory(file or sys.stderr),
        cache_logger_on_first_use=False,
    )


def hush() -> None:
    """Mask every record of the standard library's loggers where it is made, whatever handler writes it."""
    logging.setLogRecordFactory(_hushed_record)
    logging.getLogger("sqlalchemy.engine.Engine").addFilter(_tells_no_rows)
    sys.excepthook = _last_words
    threading.excepthook = _last_words_of_thread


def _hushed_record(*args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: ANN401 - the library's own signature
    record = _make_record(*args, **kwargs)
    try:
        record.msg = hidden(record.getMessage())
    except Exception as error:  # noqa: BLE001 - the library would print the arguments as they are
        record.msg = f"a line that could not be written: {type(error).__name__}"
    record.args = None
    if record.exc_info:
        record.exc_text = hidden("".join(traceback.format_exception(*record.exc_info)).rstrip())
    return record


def _tells_no_rows(record: logging.LogRecord) -> bool:
    """Keep the rows that SQLAlchemy shows at its lowest level out of every log: whole tables pass there."""
    return record.levelno > logging.DEBUG


def _hide_fields(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if name != "event" and SECRET_FIELDS.fullmatch(name):
            event[name] = MASK
    return event


def _hide_in_line(_logger: object, _method: str, line: object) -> str:
    return hidden(str(line))


def _last_words(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    sys.stderr.write(hidden("".join(traceback.format_exception(kind, error, at))))


def _last_words_of_thread(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread is not None else "unknown"
    told = traceback.format_exception(args.exc_type, args.exc_value, args.exc_traceback)
    sys.stderr.write(hidden(f"thread {name}:\n{''.join(told)}"))
