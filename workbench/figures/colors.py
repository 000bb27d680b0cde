"""Colours of classes and of points: one list for the screen and for print."""

from collections.abc import Sequence
from typing import Any

CORRECT = "#2f8f83"
WRONG = "#d1495b"
UNKNOWN = "#b4bcc4"
SHARE_SCALE = ((0.0, "#f2c14e"), (0.5, "#3a9e8f"), (1.0, "#27366f"))
DIVERGING_SCALE = ((0.0, "#1848c4"), (0.5, "#d9dcdf"), (1.0, "#c4162a"))
# For people with colour vision deficiency: Okabe and Ito's blue and vermilion, and Matplotlib's
# cividis (Nuñez et al. 2018), dark for large numbers.
_SAFE_CORRECT = "#0072b2"
_SAFE_WRONG = "#d55e00"
_CIVIDIS = ("#fee838", "#c8b866", "#948e77", "#666970", "#35456c", "#00224e")
_SAFE_SHARE_SCALE = tuple((step / 5, color) for step, color in enumerate(_CIVIDIS))
_SAFE_DIVERGING_SCALE = ((0.0, _SAFE_CORRECT), (0.5, "#d9dcdf"), (1.0, _SAFE_WRONG))

# By the library glasbey 0.4.0: create_palette(128, lightness_bounds=(30, 70),
# chroma_bounds=(30, 90)), the lightest (OKLab lightness from 0.8) moved to the end. Importing it
# takes seconds, hence the table. Each colour is the farthest from all before it
# (Glasbey et al. 2007).
_COLORS = (
    "d21820 0071fb 008a00 ef75ff efae35 00bec2 794d79 75591c 046d69 aab2ff ff8a92 d7318e "
    "9e45ff 86ae79 aa6561 658aaa ff6500 a282b2 968a00 4d6939 ae00c2 00b2ff 009e82 615596 "
    "be8e59 ff4171 a2284d ba5500 d771aa b6ca00 00c200 006996 7d7ddf 6928ff c682ff ffa265 "
    "e710d7 aa5182 964128 618649 7d3dae d7ba75 db5d49 188e96 8ea600 b65dd2 a21c75 92753d "
    "d70459 ff2dba 716d00 db7d00 008edf 088249 864959 ca828a 8265a2 c6aeeb 41ba9a aaa655 "
    "ce5975 65aac6 9296c6 ff8ec2 699aff ce8ad2 e38259 4971b6 3d6d00 5da29e ba4545 925d3d "
    "189e51 9a51a2 755dce ae2800 ae7904 e74100 ba04fb 9e75d7 aa7196 c255ae 8aca9e be9a00 "
    "aec686 7579aa 4155ca ff6965 be6d45 ff699e 0086ae 417586 8a00f3 3da204 f7393d ae1028 "
    "8e8e4d 2d6d51 e39eff 7dbaff 3d8275 ff9218 4dc27d 00d759 e79e8a 82c23d 6565ff 619a71 "
    "d7ba00 ff65db d292b2 9e92ff c200aa 9a5d00 5d8200 df45ff 61ae51 4d6186 65df08 00dfa2 "
    "dfaadb 96c6e3 8acec2 82d779 00d7fb ff92ef 00dbca f3a6b6"
)

# Each colour of an RGB grid is the farthest from all before it in CAM02-UCS, by the least of its
# distances as seen with full protanopia, deuteranopia and tritanopia (Machado et al. 2009) and, at
# 0.6 of it, with normal vision; lightness is from 34 to 84. Among the first 12, 20 and 50 colours
# the least distance is 13, 10 and 5.6; among those above it is 2.6, 2 and 0.2.
_SAFE_COLORS = (
    "006fb1 ff0000 bcd3b1 6f374e ff90ff 7a8559 00f416 9b0000 bc6f90 6fa6bc a66fff bc0090 b1b143 "
    "4e00f4 21592c ff597a 7a646f debcde 4e8500 4e4e6f 7a85bc 9b4e4e 85d37a 90a69b 8543ff b19043 "
    "59c8bc 901664 ff8500 c885de b143c8 bc1637 4e9090 6f0bb1 c85943 d3a6b1 bca6de 9b90a6 ffa664 "
    "850b85 4e642c 6f5990 436f59 906f9b 6f9b6f 6fdef4 de217a de8590 900bc8 de4ede 594e16 9090ff "
    "9bbc85 b1c82c 6f4e59 3759a6 ffb1c8 00b159 218564 9bb1c8 853743 6485de a6597a d39b6f c8bc9b "
    "b1d3d3 a6430b b16400 64b116 9b90c8 906f37 9b2c21 90377a 85bcff 90902c 6f6fa6 a62ca6 ff6fb1 "
    "de6fff b1bce9 6443e9 a68585 c83764 4e7a7a 6464de 7ae94e dec890 a664c8 00c84e 4e6464 e91659 "
    "b16fb1 a6c8b1 64d359 8564ff 85bc0b de649b bc43b1 9b374e a6de6f 7a0b9b 85a6a6 4ea643 2c5964 "
    "909b85 6f6f85 6f8585 852c2c bc646f 6f596f ff85d3 a62164 c87a6f 6fbc9b bc00d3 a66f2c 6fa6e9 "
    "a69b59 c890f4 e96fd3 d30b4e 9b8500 647a4e 6f7a85 ff859b a62100 009b9b e92c9b"
)


def class_colors(class_names: Sequence[str], safe: bool = False) -> dict[str, str]:
    """Return a colour per class, "#rrggbb"; beyond 128 classes colours repeat.

    With `safe`, colours that people with colour vision deficiency tell apart: easily up to 20
    classes, up to 50 where they lie side by side.
    """
    colors = (_SAFE_COLORS if safe else _COLORS).split()
    return {name: f"#{colors[i % len(colors)]}" for i, name in enumerate(class_names)}


def point_colors(safe: bool = False) -> dict[str, Any]:
    """Return the colours of points that are not those of classes, and the scales of numbers.

    With `safe`, colours that people with colour vision deficiency tell apart.
    """
    usual = CORRECT, WRONG, SHARE_SCALE, DIVERGING_SCALE
    chosen = _SAFE_CORRECT, _SAFE_WRONG, _SAFE_SHARE_SCALE, _SAFE_DIVERGING_SCALE
    names = ("correct", "wrong", "scale", "diverging")
    colors = dict(zip(names, chosen if safe else usual, strict=True))
    return colors | {"unknown": UNKNOWN}
