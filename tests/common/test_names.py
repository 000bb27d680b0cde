import pytest

from common.names import canonical_names, decode_text, is_valid_name, match_name

NFD, NFC = "Leo\u0301n", "Le\u00f3n"


def test_names_are_canonical_unless_two_would_become_one() -> None:
    assert canonical_names([NFD, "Ohio"]) == (NFC, "Ohio")
    assert canonical_names([NFD, NFC]) == (NFD, NFC)
    assert match_name(NFD, (NFC,)) == NFC
    assert match_name(NFD, (NFD, NFC)) == NFD


@pytest.mark.parametrize("name", ["a\tb", "a\\b", "\udcff", "\x85"])
def test_names_that_no_file_or_figure_can_have_are_invalid(name: str) -> None:
    assert not is_valid_name(name)
    assert is_valid_name("New\u00a0York \u0645\u06cc\u200c\u0646")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_text_is_decoded_with_and_without_a_mark(encoding: str) -> None:
    assert decode_text(f"a {NFC}\r\n".encode(encoding)) == f"a {NFC}\r\n"
    assert decode_text("".encode(encoding)) == ""
