"""Progress bars."""

import pytest

from common.progress import batch_bar, fraction_bar


def test_a_name_in_a_description_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with fraction_bar("Ohio/\x1b[31mred\r"):
        pass
    list(batch_bar([1], "Ohio/\x1b[31mblue\r"))
    output = capsys.readouterr().err
    assert output.count(r"Ohio/\x1b[31m") >= 2
    assert "\x1b[31m" not in output
