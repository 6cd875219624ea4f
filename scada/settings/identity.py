"""Where people may sign in besides here: an identity provider, or a directory. Off, unless it is written down."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

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


class Ldap(Section):
    """A directory (LDAP) at which people's own names and passwords are tried, always over TLS.

    `user` is how a person binds: a DN, or a login of Active Directory, with {name} in it. A login names no entry, so
    that `base` and `person` find it. The groups are those that the person's entry names in `groups_attribute`; with
    `groups_base` they are looked for there. The role is the first of `roles` (a group's DN or its first name -> role)
    that fits.
    """

    url: Annotated[str, Field(pattern=r"^ldaps?://[^/\s?#@]+$", max_length=200)]
    user: Annotated[str, Field(min_length=1, max_length=300)]
    base: Annotated[str, Field(max_length=300)] = ""
    person: Annotated[str, Field(max_length=300)] = "(userPrincipalName={login})"
    name_attribute: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=64)] = "uid"
    id_attribute: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=64)] = "entryUUID"
    groups_attribute: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=64)] = "memberOf"
    groups_base: Annotated[str, Field(max_length=300)] = ""
    groups: Annotated[str, Field(max_length=300)] = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"
    roles: dict[str, _Role]
    ca_file: str | None = None
    within_s: Annotated[float, Field(ge=0.5, le=5, strict=False)] = 2.0

    @model_validator(mode="after")
    def _is_whole(self) -> "Ldap":
        if not self.roles:
            raise ValueError("roles: which group has which role? without one nobody gets in")
        if "{name}" not in self.user:
            raise ValueError("user: write {name} where the person's name goes, like uid={name},ou=people,dc=example")
        if not self.binds_by_dn and not self.base:
            raise ValueError("base: a login is no entry; below which DN are the people?")
        try:
            _ = urlsplit(self.url).port
        except ValueError as error:
            raise ValueError("url: write it like ldaps://directory.example.com:636") from error
        return self

    @property
    def binds_by_dn(self) -> bool:
        """Say whether people bind by a DN, and not by a login."""
        return "=" in self.user
