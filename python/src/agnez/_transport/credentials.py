"""Access tokens: which token goes to which server.

This module writes no token to a file, and no message contains one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit, urlunsplit

from .. import _environment

DEFAULT_URL = "http://localhost:3000"
#: Tokens by server address, as :func:`register_server` returns it.
_tokens: dict[str, str] = {}
#: How many bytes of a token file are read.
_FILE_BYTES = 64 << 10
#: The names of this machine.
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def register_server(url: str | None, token: str | None = None) -> str:
    """Returns the server's address: ``url``, ``AGNEZ_URL`` or http://localhost:3000.

    The address has no slash at its end. A token that is given, or that the address holds
    (``#token=``), is stored for requests to it. ValueError for anything that is no address.
    """
    url = url or os.environ.get("AGNEZ_URL") or DEFAULT_URL
    bare, from_url = _split(url)
    explicit = token or from_url
    if explicit is not None:
        _tokens[bare] = _check_token(explicit)
    return bare


def is_configured(url: str | None) -> bool:
    """Whether the caller or the environment names a server.

    Otherwise the server is expected at port 3000 of this machine, which may belong to anyone.
    """
    return bool(url or os.environ.get("AGNEZ_URL"))


def explicit_token(url: str) -> str | None:
    """The token that this process got as an argument or within an address."""
    return _tokens.get(url)


def token_for_child(url: str) -> dict[str, str]:
    """What a pickle for a child that ``multiprocessing`` is starting has more than any other.

    That pickle goes through a pipe to the child, like the keys of multiprocessing itself.
    """
    secret = explicit_token(url)
    return {"token": secret} if secret is not None and _environment.is_spawning() else {}


def token_for(url: str) -> str | None:
    """The token for requests to an address of :func:`register_server`.

    ``AGNEZ_TOKEN`` is for the server of ``AGNEZ_URL``; without ``AGNEZ_URL`` for any server.
    Otherwise it is the token of a link to this server in a file of this user.
    """
    explicit = _tokens.get(url)
    if explicit is not None:
        return explicit
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
    """The token of the first link to this server, as ``agnez token new`` prints it."""
    for path in _token_files():
        found = _find_link(path, url)
        if found is not None:
            return _check_token(found[1], f"the token in {path}")
    return None


def link_from_data_folder(url: str) -> str | None:
    """The link with a token that the server of this address has written into its data folder."""
    found = _find_link(os.path.join(data_folder(), "token"), url)
    return None if found is None else found[0]


def _find_link(path: str, url: str) -> tuple[str, str] | None:
    """The first link to this server in a file, and its token."""
    try:
        # Only files of this user or root are trusted.
        if os.name == "posix" and os.stat(path).st_uid not in (0, os.geteuid()):
            return None
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_FILE_BYTES)
    except OSError:
        return None
    for link in re.findall(r"https?://\S+#token=[!-~]+", text):
        try:
            bare, token = _split(link)
        except ValueError:
            continue
        if token is not None and _server_identity(bare) == _server_identity(url):
            return link, token
    return None


def data_folder() -> str:
    """The data folder of a server that is started in the current folder."""
    return os.environ.get("AGNEZ_DATA") or "agnez-data"


def _token_files() -> Iterator[str]:
    """The user's token file, then the file in the data folder of a server.

    A server writes the latter where the system does not tell it the user of a connection.
    """
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield os.path.join(config, "agnez", "token")
    yield os.path.join(data_folder(), "token")


def _server_identity(url: str) -> tuple[str, str, int | None, str]:
    """Equal for all addresses of one server: this machine has several names."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "localhost" if host in LOOPBACK else host, port, parts.path


def _split(url: str) -> tuple[str, str | None]:
    """Splits an address from the token that it holds, as in the link that the server prints."""
    if not isinstance(url, str):
        raise TypeError(f"url must be a string, not {type(url).__name__}")
    parts = urlsplit(url)
    # The fragment may be a secret: no message repeats it.
    bare = urlunsplit(parts._replace(fragment=""))
    token = re.fullmatch(r"token=(.+)", parts.fragment)
    is_valid = parts.scheme in ("http", "https") and parts.hostname and not parts.query
    if not is_valid or parts.username is not None or (parts.fragment and not token):
        shown = urlunsplit(
            parts._replace(
                netloc=parts.netloc.rpartition("@")[2],
                query=parts.query and "...",
                fragment=parts.fragment and "...",
            )
        )
        raise ValueError(
            "url must be like http://localhost:3000 or http://localhost:3000/#token=..., "
            f"not {shown!r}"
        )
    # Raises ValueError unless the port is a number.
    _ = parts.port
    if token is None:
        return bare.rstrip("/"), None
    # The link may name a board.
    return re.sub(r"/b/[^/]*$", "", bare).rstrip("/"), unquote(token[1])


def _check_token(token: str, name: str = "token") -> str:
    if not isinstance(token, str):
        raise TypeError(f"{name} must be a string, not {type(token).__name__}")
    if not re.fullmatch(r"[!-~]{1,500}", token):
        raise ValueError(
            f"{name} must be letters, digits and signs of ASCII without spaces, "
            "as 'agnez token new' prints it"
        )
    return token
