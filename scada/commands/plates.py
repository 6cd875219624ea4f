"""`daozha read-plate`: what a lane would read in pictures, and with labels how often that is right."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lpr.backend import open_reader
from lpr.exam import Answer, LabelsError, Sheet, Tally, chosen, examine, labelled, tally
from lpr.models import ModelError
from lpr.recognise import Reader
from scada import say


def read_plate(asked: argparse.Namespace) -> int:
    """Read pictures. 0 a plate was read in at least one, 1 in none, 2 if it cannot be tried."""
    images: list[Path] = asked.images
    labels: Path | None = asked.labels
    if not images and labels is None:
        say.complain("name pictures, or a file of labels with --labels")
        return 2
    try:
        sheets = chosen(images, labelled(labels) if labels else [])
        opened = open_reader(asked.back_end)
    except (LabelsError, ModelError) as error:
        say.complain(str(error))
        return 2
    answers = _read(opened.reader, sheets, asked.gate, as_json=asked.json)
    counted = tally(answers, asked.gate)
    if asked.json:
        _write(_summary(counted))
    elif counted.known:
        _tell_summary(counted, asked.gate)
    if any(not one.sheet.path.is_file() for one in answers if images):
        return 2
    return 0 if any(one.guess for one in answers) else 1


def _read(reader: Reader, sheets: Sequence[Sheet], gate: float, *, as_json: bool) -> list[Answer]:
    answers = []
    for answer in examine(reader, sheets):
        answers.append(answer)
        if answer.trouble:
            say.complain(f"not read: {answer.trouble}")
        if as_json:
            _write(_fields(answer, gate))
        elif not answer.trouble:
            say.tell(_line(answer, gate))
    return answers


def _write(fields: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _fields(answer: Answer, gate: float) -> dict[str, object]:
    guess = answer.guess
    others = guess.alternatives if guess else ()
    return {
        "file": answer.sheet.file,
        "text": guess.text if guess else None,
        "kind": guess.kind.value if guess else None,
        "colour": guess.colour.value if guess else None,
        "confidence": round(guess.min_prob, 4) if guess else 0.0,
        "accepted": answer.is_accepted(gate),
        "alternatives": [{"text": one.text, "probability": round(one.probability, 4)} for one in others],
        "ms": round(answer.ms, 1),
    }


def _summary(counted: Tally) -> dict[str, object]:
    knows = counted.known > 0
    return {
        "summary": {
            "n": counted.n,
            "exact": counted.exact if knows else None,
            "accepted": counted.accepted,
            "accepted_exact": counted.accepted_exact if knows else None,
            "ms_p50": round(counted.ms_p50, 1),
        }
    }


def _line(answer: Answer, gate: float) -> str:
    guess, ms = answer.guess, f"{answer.ms:.0f} ms"
    known = answer.sheet.plate
    wrong = "" if known is None or answer.is_exact else f"  (it is {known})"
    if guess is None:
        return f"{answer.sheet.file}: no plate  {ms}{wrong}"
    verdict = "accepted" if answer.is_accepted(gate) else "not accepted"
    others = ", ".join(f"{one.text} {one.probability:.2f}" for one in guess.alternatives)
    words = (guess.text, guess.kind.value, guess.colour.value, f"{guess.min_prob:.2f}", verdict, ms)
    return f"{answer.sheet.file}: {'  '.join(words)}{f'  or {others}' if others else ''}{wrong}"


def _tell_summary(counted: Tally, gate: float) -> None:
    say.tell(
        f"{counted.known} plates known: exact {counted.exact} ({_share(counted.exact, counted.known)}); "
        f"accepted at {gate:g}: {counted.accepted} ({_share(counted.accepted, counted.n)}), of these exact "
        f"{counted.accepted_exact} ({_share(counted.accepted_exact, counted.accepted)}); "
        f"{counted.ms_p50:.0f} ms of one core a picture, in the middle"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
