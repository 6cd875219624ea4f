"""What comes in from outside, as pydantic models: the base of all bodies and queries, and the words they share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from scada.bridge import Message

MOST_FEN: Final = 10_000_000
MOST_ROWS: Final = 200


def _printable(text: str) -> str:
    """Refuse what no keyboard writes: a zero byte breaks a database."""
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        raise PydanticCustomError("control_sign", "should have no control characters")
    return text


@dataclass(frozen=True)
class OneOf:
    """One of a fixed list of words, which the document names."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic."""
        return core_schema.literal_schema(list(self.words))


def one_of(words: Iterable[str]) -> OneOf:
    """Allow these words only; stands beside `str` in an Annotated."""
    return OneOf(tuple(words))


_PLAIN = AfterValidator(_printable)
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32), _PLAIN]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), _PLAIN]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _PLAIN]
MaybeWord = Annotated[str, StringConstraints(strip_whitespace=True, max_length=32), _PLAIN]
MaybeName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), _PLAIN]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), _PLAIN]
"""A text that may be left out."""
TagWord = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), _PLAIN]
Password = Annotated[str, StringConstraints(max_length=200)]
Fen = Annotated[int, Field(ge=1, le=MOST_FEN, description="fen, whole")]
FenOrNone = Annotated[int, Field(ge=0, le=MOST_FEN, description="fen, whole")]
Rows = Annotated[int, Field(ge=1, le=MOST_ROWS)]


class Edge(BaseModel):
    """The base of every body and query."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", populate_by_name=True)

    def args(self) -> Message:
        """Give what goes to the plant."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Nothing(Edge):
    """An order that needs no words."""


class Noted(Edge):
    """An order with a note, if anybody has one."""

    note: Note = ""


class Seconded(Edge):
    """An order for which, above some limit, a second person signs in beside the first."""

    second_name: MaybeName = ""
    second_password: Password = ""

    def args(self) -> Message:
        """Name no second person where there is none."""
        given = super().args()
        beside = {"second_name", "second_password"} if not self.second_name else set()
        return {name: value for name, value in given.items() if name not in beside}


class Limited(Edge):
    """How many rows."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS, strict=False)] = 20


class Refusal(BaseModel):
    """Why something was not done: in words, and where the mistake is if it was one of the asker's."""

    why: str
    code: str = ""
    unknown: bool = Field(False, description="nobody knows whether it was done: look before you ask again")
    faults: list["Fault"] = []


class Fault(BaseModel):
    """One mistake in what was sent."""

    where: str
    what: str
    remedy: str
