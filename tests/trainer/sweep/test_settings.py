from pathlib import Path
from typing import Any

import pytest

from common.errors import InputError
from trainer.config import Config
from trainer.options import TrainingOptions, explicit_fields, parse
from trainer.presets import PRESETS
from trainer.sweep.overrides import format_value, parse_value, split_override
from trainer.sweep.settings import parse_settings


def options(*arguments: str) -> tuple[str, dict[str, Any]]:
    parsed = parse(TrainingOptions, arguments, "compare")
    return parsed.preset, explicit_fields(parsed.config, arguments)


def test_a_field_takes_a_value_of_its_type() -> None:
    read = {
        word: parse_value(*split_override(word))
        for word in ("depth=34", "compile=True", "warmup-epochs=2")
    }
    assert list(read.values()) == [34, True, 2.0]
    assert [type(one) for one in read.values()] == [int, bool, float]
    assert parse_value(*split_override("weights=")) == ""
    assert parse_value(*split_override("weights=/here/a=b.pth")) == "/here/a=b.pth"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("depth", "depth: write it as field=value"),
        ("deep=18", "there is no field deep; choose one of fusion, depth"),
        ("depth=eighteen", "--depth 'eighteen': must be of type int"),
        ("compile=yes", "--compile 'yes': must be true or false"),
        ("eps=", "--eps '': must be of type float"),
    ],
)
def test_other_words_are_refused(word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_value(*split_override(word))


def test_values_are_shown_short() -> None:
    assert [format_value(one) for one in (0.00012345, 50, True, "", "early")] == [
        "0.000123",
        "50",
        "true",
        "none",
        "early",
    ]
    assert format_value("/home/me/places.pth") == format_value("places.pth") == "places.pth"


def test_a_field_of_a_setting_beats_an_option_which_beats_the_preset() -> None:
    given = options("--preset", "paper-early", "--image-size", "48", "--epochs", "3")
    one, other = parse_settings(["deepgeo-late epochs=5", "depth=18"], *given)
    assert one.preset == "deepgeo-late"
    assert (one.config.fusion, one.config.image_size, one.config.epochs) == ("late", 48, 5)
    assert one.config.learning_rate == PRESETS["deepgeo-late"].learning_rate
    assert other.preset == "paper-early"
    assert (other.config.fusion, other.config.depth, other.config.epochs) == ("early", 18, 3)


def test_each_setting_has_a_folder_name_of_its_own_that_leads_nowhere_else() -> None:
    texts = ["demo weights=../../a", "demo 'weights=b c'", "demo weights=" + "x" * 300]
    texts.append(texts[-1] + "y")
    names = [one.folder_name for one in parse_settings(texts, *options())]
    assert names[:2] == ["demo-weights=..-..-a", "demo-weights=b-c"]
    assert len(set(names)) == 4
    assert all(len(name) < 100 and Path(name).name == name for name in names)
    named = parse_settings(
        [f"{'../' * 40}: demo", "…: demo image_size=32", "..: image_size=32"], *options()
    )
    assert [Path(one.folder_name).name for one in named] == [one.folder_name for one in named]
    assert len({one.folder_name for one in named}) == 3


def test_a_setting_is_called_by_its_name_or_its_words_with_the_file_name_of_a_path() -> None:
    texts = ["ours: strong depth=18", "demo 'weights=/a b/c d.pth'", "demo  image_size=32", ""]
    ours, local, spaced, empty = parse_settings(texts, *options())
    assert (ours.label, ours.folder_name, ours.preset) == ("ours", "ours", "strong")
    assert ours.config.depth == 18
    assert (local.label, local.config.weights) == ("demo weights=c d.pth", "/a b/c d.pth")
    assert spaced.label == "demo image_size=32"
    assert empty.label == empty.preset == "paper-medium"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "nothing to compare"),
        (["paper-late"], "there is no preset paper-late; choose one of deepgeo-early"),
        (["depth=18 demo"], "demo: write it as field=value"),
        (["demo depth=19"], "'demo depth=19': --depth 19: must be 18"),
        (["demo 'depth=18"], "a quotation mark is missing"),
        (["demo", "demo image_size=48"], "has the same configuration as 'demo'"),
        (["demo", "demo num_workers=1"], "has the same configuration as 'demo'"),
        (["demo weights=a/b", "demo weights=a:b"], "has the same folder demo-weights=a-b"),
        (["demo weights=a/b", "demo weights=c/b"], "has the same label demo weights=b as"),
        (
            ["ours: demo", "ours: demo image_size=32"],
            "has the same folder ours as 'ours: demo'; name one",
        ),
    ],
)
def test_settings_that_cannot_be_compared_are_refused(texts: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_settings(texts, *options())


def test_what_a_setting_does_not_say_is_as_in_its_preset() -> None:
    (one,) = parse_settings(["paper-medium"], *options())
    assert one.config == PRESETS["paper-medium"]
    assert isinstance(one.config, Config)
