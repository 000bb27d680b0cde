"""Text of users in Matplotlib figures."""

import logging
import warnings
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.figure import Figure

from common import figure_text

# Private: no font of any machine has them.
BESIDE, NOWHERE = "\U000ffffc", "\U0010fffc"


@pytest.fixture
def font(tmp_path: Path) -> Path:
    """Return a font whose only character is `BESIDE`, a black square."""
    pen = TTGlyphPen(None)
    for number, point in enumerate([(0, 0), (0, 1000), (1000, 1000), (1000, 0)]):
        (pen.lineTo if number else pen.moveTo)(point)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap({ord(BESIDE): "square"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=1000, descent=0)
    names = {"familyName": "One Square", "styleName": "Regular", "psName": "OneSquare"}
    builder.setupNameTable(names)
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(tmp_path / "square.ttf")
    return tmp_path / "square.ttf"


def test_characters_come_from_any_font_and_the_rest_is_said_once(
    font: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(font)])
    monkeypatch.setattr(figure_text, "_reported", set())
    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(font_manager.fontManager.ttflist))
    figure_text._fallback.cache_clear()
    for _ in range(2):
        with warnings.catch_warnings(), caplog.at_level(logging.WARNING, "common"):
            warnings.simplefilter("error")
            with figure_text.literal_text([f"Ohio {BESIDE}{NOWHERE}"], {"svg.fonttype": "path"}):
                families = font_manager.FontProperties().get_family()
                figure = Figure()
                figure.text(0, 0, f"Ohio {BESIDE}{NOWHERE}")
                figure.savefig(font.with_name("a.svg"))
        assert families == ["DejaVu Sans", "One Square"]
    (message,) = [record.getMessage() for record in caplog.records]
    assert f"has the characters {NOWHERE};" in message
    assert "Install a font" in message
    assert "OneSquare" in font.with_name("a.svg").read_text()


def test_a_legend_has_every_name() -> None:
    names = ["_unknown", "Ca$h $pring", "Ba$$in", "a\nb"]
    with figure_text.literal_text(names):
        figure = Figure()
        axes = figure.add_subplot()
        lines = [axes.plot([0, 1])[0] for _ in names]
        legend = figure_text.legend(axes, lines, figure_text.fit(names, 100, 7))
        figure.savefig(Path("/dev/null"), format="svg")
    texts = legend.get_texts()
    assert [text.get_text() for text in texts] == [*names[:3], r"a\nb"]
    assert not any(text.get_parse_math() or text.get_usetex() for text in texts)


def test_text_is_wrapped_and_shortened_by_its_width() -> None:
    with figure_text.literal_text():
        assert figure_text.wrap("one two three", 1, 7) == "one\ntwo\nthree"
        assert figure_text.wrap("one two three", 100, 7) == "one two three"
        (short,) = figure_text.fit(["W" * 40], 30, 7)
        assert 25 < figure_text.text_width(short, 7) <= 30
