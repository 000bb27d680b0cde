"""Names of classes and locations: compared as text, not as bytes.

macOS stores "é" as two characters (Unicode's form NFD), most other systems as one (NFC). The
canonical form of a name is NFC, in all data that the program reads.
"""

import codecs
import re
import unicodedata
from collections.abc import Container, Iterable

# Control characters, bytes of a file name that are not UTF-8, and the separator of Windows.
_INVALID = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\\\\]")


def canonical_name(name: str) -> str:
    """Return a name in NFC."""
    return unicodedata.normalize("NFC", name)


def canonical_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return unique names in NFC.

    They are unchanged if two of them have the same canonical form, as files of earlier versions
    may have, so that they stay unique.
    """
    original = tuple(names)
    canonical = tuple(map(canonical_name, original))
    return canonical if len(set(canonical)) == len(canonical) else original


def match_name(name: str, known: Container[str]) -> str:
    """Return a user's name as it is if it is among the known ones, else in NFC."""
    return name if name in known else canonical_name(name)


def is_valid_name(name: str) -> bool:
    """Return whether a name is valid text without control characters and backslashes."""
    return not _INVALID.search(name)


def decode_text(data: bytes, errors: str = "strict") -> str:
    """Return the text of a UTF-8 or UTF-16 file without its byte order mark.

    Raises UnicodeDecodeError unless `errors` is "replace".
    """
    return data.decode(text_encoding(data), errors)


def text_encoding(data: bytes) -> str:
    """Return the encoding of a file by its beginning: UTF-16 or UTF-8, with a mark or without.

    UTF-16 without a byte order mark is recognised if it begins with a Latin letter.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if data[:2].count(0) == 1:
        return "utf-16-be" if data[0] == 0 else "utf-16-le"
    return "utf-8-sig"
