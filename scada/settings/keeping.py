"""How long it is known whose car did what, and where backups go."""

from typing import Annotated

from pydantic import Field

from scada.settings.base import Section


class Retention(Section):
    """In days. The law wants events for a year at least, and of people no more than it takes (`docs/retention.md`).

    `events_days`: then plates become keyed hashes. `queries_days`: how long it is known who looked at which picture.
    `phones_days`: how long bindings that have ended, and what was pushed to phones, are kept. `hour`: of the site's
    clock, from which on the nightly job runs. Pictures have their own section, `[evidence]`.
    """

    events_days: Annotated[int, Field(ge=365, le=1095)] = 365
    queries_days: Annotated[int, Field(ge=365, le=3650)] = 1095
    phones_days: Annotated[int, Field(ge=1, le=365)] = 90
    hour: Annotated[int, Field(ge=0, le=23)] = 3


class Backup(Section):
    """What `daozha backup` does unless it is told otherwise: into which folder, and how many it keeps there.

    A relative `folder` starts at the configuration's; without one it lies beside the data folder. `key_file`: the
    Ed25519 key that signs, a secret; without one the site makes its own, `keys/backup.pem`.
    """

    folder: str | None = None
    keep: Annotated[int, Field(ge=1, le=1000)] = 14
    key_file: str | None = None
