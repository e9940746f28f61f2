"""Access tokens: which one goes to which server. This module writes none of them, and no text that is shown holds one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit, urlunsplit

_DEFAULT_URL = "http://localhost:3000"
#: By the server's address, as :func:`register_server` gives it.
_tokens: dict[str, str] = {}
#: More of a file with tokens is not read.
_FILE_BYTES = 64 << 10
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def register_server(url: str | None, token: str | None = None) -> str:
    """The server's address without a slash at its end, ``AGNEZ_URL`` or ``http://localhost:3000`` without one; keeps the token
    that is given, or that the address holds (``#token=``), for the requests to it. ValueError where it is none."""
    url = url or os.environ.get("AGNEZ_URL") or _DEFAULT_URL
    bare, held = _split(url)
    given = token or held
    if given is not None:
        _tokens[bare] = _check_token(given)
    return bare


def is_configured(url: str | None) -> bool:
    """Whether somebody has said which server is meant: the one of this computer answers at the usual port, whosever it is."""
    return bool(url or os.environ.get("AGNEZ_URL"))


def explicit_token(url: str) -> str | None:
    """The token that this process was given for an address, by an argument or with the address, and not by the environment."""
    return _tokens.get(url)


def token_for(url: str) -> str | None:
    """The token for requests to an address that :func:`register_server` gave. ``AGNEZ_TOKEN`` is meant for the server that
    ``AGNEZ_URL`` names; without one, for any server. Without either, that of a link to this server in a file of this user."""
    given = _tokens.get(url)
    if given is not None:
        return given
    common = os.environ.get("AGNEZ_TOKEN", "").strip()
    if not common:
        return _token_from_files(url)
    named = os.environ.get("AGNEZ_URL")
    if named:
        try:
            if _split(named)[0] != url:
                return _token_from_files(url)
        except ValueError:
            return None
    return _check_token(common, "AGNEZ_TOKEN")


def _token_from_files(url: str) -> str | None:
    """From the first file that has a link to this server, such as the output of ``agnez token new``."""
    for path in _token_files():
        try:
            # Only what this user or root has put there says how this user comes in.
            if os.name == "posix" and os.stat(path).st_uid not in (0, os.geteuid()):
                continue
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(_FILE_BYTES)
        except OSError:
            continue
        for link in re.findall(r"https?://\S+#token=[!-~]+", text):
            try:
                bare, token = _split(link)
            except ValueError:
                continue
            if token is not None and _server_identity(bare) == _server_identity(url):
                return _check_token(token, f"the token in {path}")
    return None


def _token_files() -> Iterator[str]:
    """The user's own file; and that of a server's data folder, which a server makes where the system does not tell it whose a connection is."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield os.path.join(config, "agnez", "token")
    yield os.path.join(os.environ.get("AGNEZ_DATA") or "agnez-data", "token")


def _server_identity(url: str) -> tuple[str, str, int | None, str]:
    """What two addresses of one server have in common; this machine has several names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "localhost" if host in _LOOPBACK else host, port, parts.path


def _split(url: str) -> tuple[str, str | None]:
    """An address and the token that it holds, as the link that the server prints."""
    if not isinstance(url, str):
        raise TypeError(f"url must be a string, not {type(url).__name__}")
    parts = urlsplit(url)
    # The fragment may be a secret: no message repeats it.
    bare = urlunsplit(parts._replace(fragment=""))
    held = re.fullmatch(r"token=(.+)", parts.fragment)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.username is not None
        or (parts.fragment and not held)
    ):
        shown = urlunsplit(
            parts._replace(
                netloc=parts.netloc.rpartition("@")[2],
                query=parts.query and "...",
                fragment=parts.fragment and "...",
            )
        )
        raise ValueError(
            f"url must be like http://localhost:3000 or http://localhost:3000/#token=..., not {shown!r}"
        )
    parts.port  # ValueError when it is no number
    if held is None:
        return bare.rstrip("/"), None
    # The link may be that of a board.
    return re.sub(r"/b/[^/]*$", "", bare).rstrip("/"), unquote(held[1])


def _check_token(token: str, what: str = "token") -> str:
    if not isinstance(token, str):
        raise TypeError(f"{what} must be a string, not {type(token).__name__}")
    if not re.fullmatch(r"[!-~]{1,500}", token):
        raise ValueError(
            f"{what} must be letters, digits and signs of ASCII without spaces, as 'agnez token new' prints it"
        )
    return token
