"""Class colours: one list for the screen and for print."""

from collections.abc import Sequence

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


def class_colors(class_names: Sequence[str]) -> dict[str, str]:
    """Return a colour per class, "#rrggbb"; beyond 128 classes colours repeat."""
    colors = _COLORS.split()
    return {name: f"#{colors[i % len(colors)]}" for i, name in enumerate(class_names)}
