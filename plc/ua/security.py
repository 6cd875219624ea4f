"""The `security` column of the device table: `Basic256Sha256/SignAndEncrypt`; empty is none."""

from dataclasses import dataclass

from asyncua.crypto import security_policies
from asyncua.ua import MessageSecurityMode

POLICIES = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
"""What a site may ask for. Older policies are broken, and asking for them would be a lie."""
MODES = {"Sign": MessageSecurityMode.Sign, "SignAndEncrypt": MessageSecurityMode.SignAndEncrypt}
FORMS = " or ".join(f"{policy}/{mode}" for policy in POLICIES for mode in MODES)


@dataclass(frozen=True, slots=True)
class Security:
    """A policy and a mode, by their names in the standard."""

    policy: str
    mode: str

    @property
    def cipher(self) -> type[security_policies.SecurityPolicy]:
        """Give the library's class of the policy."""
        return POLICIES[self.policy]

    @property
    def message_mode(self) -> MessageSecurityMode:
        """Give the library's word for the mode."""
        return MODES[self.mode]

    @property
    def encrypts(self) -> bool:
        """Say whether nobody on the way can read what is sent."""
        return self.mode == "SignAndEncrypt"

    def __str__(self) -> str:
        return f"{self.policy}/{self.mode}"


def parse_security(text: str) -> Security | None:
    """Read the column; None for none. Raises ValueError for what is unknown."""
    if text in ("", "None"):
        return None
    policy, _, mode = text.partition("/")
    if policy not in POLICIES or mode not in MODES:
        raise ValueError(f"security {text!r} is unknown")
    return Security(policy, mode)
