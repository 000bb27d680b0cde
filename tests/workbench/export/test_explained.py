"""Which maps an export asks for."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from workbench.attribution.request import PREDICTED, TRUE, AttributionRequest
from workbench.export.kinds import attributions


def test_wrong_predictions_alone_have_a_contrast(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = AttributionRequest()
    contrast = AttributionRequest(target=PREDICTED, contrast_target=TRUE)
    model = SimpleNamespace(
        link=None,
        store=SimpleNamespace(location_ids=("a", "b", "c", "d")),
        predictions=SimpleNamespace(correct=(True, False, False, True)),
    )
    source = SimpleNamespace(get=lambda location_id, request: (location_id, request))
    rows = [(f"-{row}", "rule", row) for row in range(4)]
    monkeypatch.setattr(attributions, "picked", lambda *_: rows)
    context = SimpleNamespace(maps=lambda _: source)
    found: list[Any] = list(attributions.explained(cast(Any, context), cast(Any, model)))
    assert found == [
        ("-0", ("a", usual)),
        ("-1", ("b", usual)),
        ("-1-contrast", ("b", contrast)),
        ("-2", ("c", usual)),
        ("-2-contrast", ("c", contrast)),
        ("-3", ("d", usual)),
    ]
