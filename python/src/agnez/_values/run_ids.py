"""Ids of runs: ``2026-11-28-brave-otter-k3v9x2``."""

from __future__ import annotations

import re
import secrets
import time

#: The server's rule.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Random characters of an id: 2e9 of them, beside the words and the day.
_RANDOM = 6
_ADJECTIVES = (
    "amber apt bold brave bright brisk calm clear clever cosy crisp deep eager early fair fast "
    "fine firm fond fresh gentle glad grand green happy keen kind late light lively loyal lucky "
    "merry mild neat new nimble noble plain polite proud pure quick quiet rapid rare ready rich "
    "round sharp shy silent silver smart smooth snowy solid spry steady still sunny swift tidy "
    "warm"
)
_ANIMALS = (
    "ant bat bear beaver bee bison boar bunny camel carp cat crane crow deer dingo dog dove duck "
    "eagle eel elk falcon ferret finch fox frog gecko goat goose gull hare hawk heron horse ibex "
    "ibis jay koala lark lemur lion lynx mole moose moth mouse newt otter owl panda puma quail "
    "raven robin seal shrew sloth snail stork swan tapir tern tiger toad trout viper wolf wren"
)


def random_id(length: int) -> str:
    """Random lower-case letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def generate(name: str | None) -> tuple[str, str]:
    """An id that no other run has, and the run's name: ``name``, or two random words."""
    words = _random_words() if name is None else name
    label = re.sub(r"[^A-Za-z0-9._-]+", "-", words).strip("-.")[:40].rstrip("-.")
    parts = (time.strftime("%Y-%m-%d"), label, random_id(_RANDOM))
    return "-".join(part for part in parts if part), words


def _random_words() -> str:
    return "-".join(secrets.choice(words.split()) for words in (_ADJECTIVES, _ANIMALS))


def check(id: str) -> str:
    """Returns a valid id; ValueError for any other."""
    if not isinstance(id, str):
        raise TypeError(f"a run's id must be a string, not {type(id).__name__}")
    if not _ID.fullmatch(id):
        raise ValueError(
            "a run's id has 1 to 64 letters, digits, '-', '_' or '.', "
            f"and begins with a letter or a digit, not {id[:80]!r}"
        )
    return id
