"""Where people may sign in besides here: an identity provider (OpenID Connect). Off, unless it is written down."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from scada.settings.base import Section

_Role = Literal["operator", "technician", "manager", "administrator", "auditor"]


class Oidc(Section):
    """An OpenID Connect provider. `client_secret_file` lies below the data folder, mode 0600.

    A person's name here is the claim `name_claim`; the role is the first of `roles` (value of `roles_claim` -> role)
    that the person has. Who has none of them is not let in. `ca_file` is for a provider with a certificate of its own.
    """

    issuer: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$", max_length=200)]
    client_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_secret_file: str
    title: Annotated[str, Field(max_length=64)] = "OpenID Connect"
    scopes: Annotated[str, Field(max_length=200)] = "openid profile"
    name_claim: Annotated[str, Field(max_length=64)] = "preferred_username"
    roles_claim: Annotated[str, Field(max_length=64)] = "groups"
    roles: dict[str, _Role]
    ca_file: str | None = None
    within_s: Annotated[float, Field(ge=1, le=10, strict=False)] = 4.0

    @model_validator(mode="after")
    def _nobody_listens(self) -> "Oidc":
        host = self.issuer.partition("://")[2].partition("/")[0].partition(":")[0]
        if self.issuer.startswith("http://") and host not in ("127.0.0.1", "localhost"):
            raise ValueError("issuer: a provider is asked over https, or on this machine")
        if not self.roles:
            raise ValueError("roles: which group has which role? without one nobody gets in")
        return self
