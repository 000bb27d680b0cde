"""Class colours: one list for the screen and for print."""

from collections.abc import Sequence

# By the library glasbey 0.4.0: create_palette(128, lightness_bounds=(32, 71),
# chroma_bounds=(30, 90)). It takes seconds to import and to compute, hence the table. Each colour
# is the farthest from all before it (Glasbey et al. 2007).
_COLORS = (
    "d21820 1869ff 008a00 f36dff e7a204 00bebe 795582 75df00 8a5d00 a2aeff ff8279 287169 "
    "ca2092 86ae79 9e59ff aa6561 ff7100 658aaa 31dfaa aa86b6 aa00ca 968a00 ff3971 00b2ff "
    "e3aedf 556d39 b2864d 009e79 00ba41 5d618e bac255 db6daa 96cae7 ba5d00 a6354d f3ae7d "
    "7928ff 7586eb 047192 ce9efb eb24eb 2d8a9a 8acebe df655d aa5586 b65dd2 86b200 7d49ba "
    "618e61 d77d00 92d761 007d4d ff28ba 7d79aa 008edf 9e4531 8e7d41 ca828a 75aabe a22d86 "
    "c6b26d ef8655 55d7eb 39be9a ce5575 a68af7 9296c6 657900 d70055 8e4d5d ff8abe baa600 "
    "a6693d e74104 aa7500 ff9635 9e9a59 61a69e 559e00 00dfd2 1069b6 00a2c6 d78ad2 a604fb "
    "ca75ff aeca8e 9e51a2 c2b6eb 00e35d 75a2e7 7565df 4daa6d ff69d7 c24945 b22d00 b27596 "
    "f36d8e c655b2 f73541 5579be ff96fb 9a4900 6d6510 d292b2 86ca9a ca00ff be9228 c2795d "
    "86beff 317524 75ba59 f3a6ba dfbe00 4d59ce 458a7d 8a5535 d79a55 00bee3 3dca79 926d9e "
    "b2ce00 c604be e39a8e eb1886 b60065 249649 ff613d 7d9e41"
)


def class_colors(class_names: Sequence[str]) -> dict[str, str]:
    """Return a colour per class, "#rrggbb"; from the 129th class on colours repeat."""
    colors = _COLORS.split()
    return {name: f"#{colors[i % len(colors)]}" for i, name in enumerate(class_names)}
