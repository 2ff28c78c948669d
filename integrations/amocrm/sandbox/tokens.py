"""Long-lived tokens that look like amoCRM's: JWTs whose claims name the integration, the user, the account.

They depend on the seed alone, so a client connected yesterday is still connected after a restart.
"""

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

KEY = b"amocrm-sandbox"
ISSUED_AT, EXPIRES_AT = 1_767_225_600, 1_924_992_000  # five years from 2026-01-01
SCOPES = ["push_notifications", "files", "crm", "files_delete", "notifications"]


@dataclass(frozen=True, slots=True)
class Grant:
    """Whose a token is."""

    integration: str
    user_id: int
    expires_at: int


def issue(seed: int, user_id: int, account_id: int, host: str) -> tuple[str, Grant]:
    integration = str(uuid.uuid5(uuid.NAMESPACE_URL, f"amocrm-sandbox/{seed}/integration"))
    claims = {
        "aud": integration,
        "jti": hashlib.sha256(f"{seed}/{user_id}".encode()).hexdigest(),
        "iat": ISSUED_AT,
        "nbf": ISSUED_AT,
        "exp": EXPIRES_AT,
        "sub": str(user_id),
        "grant_type": "",
        "account_id": account_id,
        "base_domain": "amocrm.ru",
        "version": 2,
        "scopes": SCOPES,
        "api_domain": host,
    }
    signed = f"{_part({'typ': 'JWT', 'alg': 'HS256'})}.{_part(claims)}"
    signature = _base64(hmac.new(KEY, signed.encode(), hashlib.sha256).digest())
    return f"{signed}.{signature}", Grant(integration, user_id, EXPIRES_AT)


def _part(data: dict[str, Any]) -> str:
    return _base64(orjson.dumps(data))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
