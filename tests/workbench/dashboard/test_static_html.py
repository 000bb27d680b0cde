"""Trees of html components that are drawn as one; tests/browser has what they look like."""

import json

import pytest
from dash import dcc, html
from plotly.utils import PlotlyJSONEncoder

from workbench.dashboard.static_html import StaticHtml, static


def test_html_becomes_one_component_and_a_figure_stays() -> None:
    figure = dcc.Graph()
    table = html.Div([html.H3("Rows"), html.P("12 %", className="number")], id="rows")
    found, same, others = static([table, figure, html.P(), html.P()])
    assert same is figure
    assert isinstance(found, StaticHtml)
    assert len(others.content) == 2
    assert static([]) == []
    sent = json.loads(json.dumps(found, cls=PlotlyJSONEncoder))
    assert (sent["namespace"], sent["type"]) == ("workbench", "StaticHtml")  # As in the script.
    (root,) = sent["props"]["content"]
    assert (root["type"], root["props"]["id"]) == ("Div", "rows")
    assert [child["props"]["children"] for child in root["props"]["children"]] == ["Rows", "12 %"]


def test_what_has_callbacks_is_refused() -> None:
    with pytest.raises(TypeError, match="not Input"):
        static([html.Div([html.P(), html.Div(dcc.Input(id="name"))])])
