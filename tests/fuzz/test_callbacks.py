"""Bodies of the dashboard's callbacks and addresses: an answer or a refusal, never an error."""

from typing import Any

import pytest
from dash import Dash
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.inputs import fuzz, time_limit

# Fixtures: the dashboard over a small store.
from tests.workbench.dashboard.conftest import (  # noqa: F401
    judged_predictions,
    predictions,
    root,
)
from tests.workbench.dashboard.test_http import (  # noqa: F401
    app,
    client,
    send_any_body,
)

STATUSES = (200, 204, 400)


@fuzz(2)
@given(data=st.data())
def test_bodies(
    client: Any,  # noqa: F811
    app: Dash,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    data: st.DataObject,
) -> None:
    with time_limit():
        answer = send_any_body(client, app, data)
    assert answer.status_code in STATUSES, answer.text
    assert caplog.records == []


@fuzz()
@given(
    data=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "text/plain", ""]),
    method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "HEAD"]),
)
def test_bytes(
    client: Any,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    data: bytes,
    kind: str,
    method: str,
) -> None:
    answer = client.open("/_dash-update-component", method=method, data=data, content_type=kind)
    assert answer.status_code in (*STATUSES, 404, 405, 413, 415), answer.text
    assert caplog.records == []


PARTS = [
    "photograph", "Ohio", "..", ".", "N", "E", "%2e%2e", "%00", "assets", "app.py", "style.css",
    "_dash-component-suites", "dash", "_dash-layout", "2015_-A_b4000", "_reload-hash", "\\",
]  # fmt: skip


@fuzz()
@given(
    parts=st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=6),
    query=st.text(max_size=10),
)
def test_addresses(
    client: Any,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
    parts: list[str],
    query: str,
) -> None:
    path = "/" + "/".join(parts).lstrip("/")  # The client takes what follows // for a host.
    answer = client.get(f"{path}?{query}")
    assert answer.status_code < 500, answer.text
    answer.close()
    assert caplog.records == []
