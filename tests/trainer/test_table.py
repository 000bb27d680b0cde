from trainer.table import Column, Table, comma_separated, latex, markdown, share

TABLE = Table(
    (Column("name", text=True), Column("top-1, %", share, key="top_1"), Column("depth")),
    (("warm_up=0 & 50%", 0.12345, 18), ("a|b", None, 152)),
)


def test_markdown_can_be_read_as_it_is() -> None:
    assert markdown(TABLE) == (
        "| name            | top-1, % | depth |\n"
        "| --------------- | -------: | ----: |\n"
        "| warm_up=0 & 50% |    12.35 |    18 |\n"
        "| a\\|b            |        – |   152 |\n"
    )


def test_a_csv_holds_the_numbers_as_they_are() -> None:
    assert comma_separated(TABLE) == "name,top_1,depth\nwarm_up=0 & 50%,0.12345,18\na|b,,152\n"


def test_latex_gets_rules_and_its_signs_escaped() -> None:
    assert latex(TABLE).splitlines() == [
        "% Needs \\usepackage{booktabs}.",
        "\\begin{tabular}{lrr}",
        "\\toprule",
        "name & top-1, \\% & depth \\\\",
        "\\midrule",
        "warm\\_up=0 \\& 50\\% & 12.35 & 18 \\\\",
        "a|b & -- & 152 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
    ]
    backslash = Table((Column("one", text=True),), (("\\~^{}$#",),))
    wanted = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{\}\$\# \\"
    assert wanted in latex(backslash).splitlines()
