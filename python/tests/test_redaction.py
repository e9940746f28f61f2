# Tests use private attributes.
# mypy: disable-error-code="attr-defined, union-attr"
"""Secrets in what a run sends, and the bounds of its document."""

from __future__ import annotations

from typing import Any

import pytest

import agnez
from agnez._capture import redaction
from agnez._values import nested
from run_server import RunServer

# ---- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "api_key",
        "apiKey",
        "OPENAI_API_KEY",
        "hub_token",
        "token",
        "authToken",
        "password",
        "db-password",
        "client_secret",
        "AWS_SECRET_ACCESS_KEY",
        "private_key_file",
        "credentials",
    ],
)
def test_texts_under_names_of_secrets_are_replaced(key: str) -> None:
    assert redaction.redact({"deep": [{key: "x"}]}) == {"deep": [{key: redaction.REDACTED}]}
    assert redaction.redact({key: 5, "n": None}) == {key: 5, "n": None}
    assert redaction.redact_command([f"--{key}", "v", f"{key}=v", "w"])[1:] == [
        redaction.REDACTED,
        f"{key}={redaction.REDACTED}",
        "w",
    ]


@pytest.mark.parametrize(
    "key",
    ["tokenizer", "max_tokens", "pad_token", "eos_token", "token_type", "monkey", "key", "lr", ""],
)
def test_other_names_are_no_secrets(key: str) -> None:
    assert redaction.redact({key: "bert"}) == {key: "bert"}


def test_access_keys_are_replaced_wherever_they_stand() -> None:
    command = ["curl", "https://me:pw@host/x", "hf_" + "a" * 20, "x=agz_" + "b" * 20]
    assert redaction.redact_command(command) == [
        "curl",
        "https://[redacted]@host/x",
        "[redacted]",
        "x=[redacted]",
    ]


def test_a_config_without_its_secrets_arrives(runs: RunServer, name: str) -> None:
    config = {"lr": 0.1, "env": {"HF_TOKEN": "secret-1"}, "api_key": "secret-2"}
    with agnez.init(project=name, url=runs.url, config=config) as run:
        run.summary["password"] = "secret-3"
        assert run.config.api_key == "secret-2"
    assert "secret-" not in str(runs.changes)
    assert runs.run(name)["config"]["env"] == {"HF_TOKEN": redaction.REDACTED}


# ---- bounds of a document ------------------------------------------------------------------------


def test_nested_values_stay_within_the_bounds(caplog: pytest.LogCaptureFixture) -> None:
    deep: Any = 1
    for _ in range(30):
        deep = {"a": deep}
    found = nested.to_bounded_json({"deep": deep, "lists": [[[1]]], "empty": {}}, "config")
    levels, inner = 0, found
    while isinstance(inner, dict) and inner:
        levels, inner = levels + 1, next(iter(inner.values()))
    assert levels == nested.MAX_LEVELS and isinstance(inner, str)
    assert found["lists"] == [[[1]]] and found["empty"] == {} and not caplog.text
    many = nested.to_bounded_json({"x": {str(at): at for at in range(5000)}, "y": 1}, "config")
    assert len(many.get("x", {})) <= nested.MAX_VALUES
    large = nested.to_bounded_json({"big": "x" * 400_000, "small": 1}, "config")
    assert large["small"] == 1 and len(large["big"]) == 200
    huge = nested.to_bounded_json({"big": list(range(100_000)), "small": 1}, "config")
    assert huge == {"small": 1} and caplog.text.count("the rest is left out") == 1
