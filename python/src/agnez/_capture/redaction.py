"""Secrets in hyperparameters and commands are replaced before they leave the process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

#: What stands where a secret was.
REDACTED = "[redacted]"

#: Words of a name, also of ``camelCase``.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_WORDS = frozenset(
    ("secret", "secrets", "password", "passwords", "passwd", "passphrase", "credentials", "apikey")
)
_SECRET_PAIRS = frozenset((("api", "key"), ("access", "key"), ("private", "key")))
#: ``pad_token`` and the like belong to a tokenizer's vocabulary.
_VOCABULARY_WORDS = (
    "additional audio begin bos bot cls end eos eot image mask pad sep sot special start stop unk "
    "video"
)
_VOCABULARY = frozenset(_VOCABULARY_WORDS.split())
#: Access keys of known services, wherever they stand.
_KNOWN_KEY = re.compile(
    r"\b(?:agz_|hf_|sk-|gh[pousr]_|github_pat_|glpat-|xox[abp]-|AKIA)[A-Za-z0-9_-]{12,}"
)
#: User and password of an address.
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")


def is_secret(name: str) -> bool:
    """Whether a key's name is that of a secret: ``api_key``, ``hubToken``, ``db-password``.

    ``max_tokens``, ``tokenizer`` and ``pad_token`` are none.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if _SECRET_WORDS.intersection(words) or _SECRET_PAIRS.intersection(zip(words, words[1:])):
        return True
    return words[-1] == "token" and (len(words) == 1 or words[-2] not in _VOCABULARY)


def redact(value: Any, name: str = "") -> Any:
    """JSON types without secrets: texts under the name of a secret, and known access keys.

    Numbers and booleans are no secrets, whatever their name.
    """
    if isinstance(value, dict):
        return {key: redact(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item, name) for item in value]
    if not isinstance(value, str):
        return value
    return REDACTED if value and is_secret(name) else redact_text(value)


def redact_text(text: str) -> str:
    """A text without known access keys and passwords of addresses."""
    return _USERINFO.sub(f"{REDACTED}@", _KNOWN_KEY.sub(REDACTED, text))


def redact_command(arguments: Sequence[str]) -> list[str]:
    """A command's arguments without the values of ``--api-key VALUE`` and ``token=VALUE``."""
    out: list[str] = []
    is_value = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        is_option = name.startswith("-")
        if is_value and not is_option:
            out.append(REDACTED)
        elif equals and value and is_secret(name):
            out.append(f"{name}={REDACTED}")
        else:
            out.append(redact_text(argument))
        is_value = is_option and not equals and is_secret(name)
    return out
