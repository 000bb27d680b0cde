from trainer.sweep.tables import Column, Table, comma_separated, latex, markdown, share

TABLE = Table(
    (
        Column("name", text=True),
        Column("size, pixels", key="size"),
        Column("epochs", paper=False),
        Column("top-1, %", share, key="top_1", group="test"),
        Column("top-5, %", share, key="top_5", group="test"),
    ),
    (("warmup_epochs=0 & 50%", 32, 10, 0.12345, 0.5), ("a|b", 256, 4, None, 0.25)),
)


def test_markdown_can_be_read_as_it_is() -> None:
    assert markdown(TABLE) == (
        "| name            | size, pixels | epochs | test top-1, % | test top-5, % |\n"
        "| --------------- | -----------: | -----: | ------------: | ------------: |\n"
        "| warmup_epochs=0 & 50% |           32 |     10 |         12.35 |         50.00 |\n"
        "| a\\|b            |          256 |      4 |             – |         25.00 |\n"
    )


def test_a_csv_holds_the_numbers_as_they_are() -> None:
    assert comma_separated(TABLE) == (
        "name,size,epochs,top_1,top_5\nwarm_up=0 & 50%,32,10,0.12345,0.5\na|b,256,4,,0.25\n"
    )


def test_latex_gets_rules_a_head_of_two_rows_and_its_signs_escaped() -> None:
    assert latex(TABLE).splitlines() == [
        "% Needs \\usepackage{booktabs}.",
        "\\begin{tabular}{lrrr}",
        "\\toprule",
        "& size & \\multicolumn{2}{c}{test} \\\\",
        "\\cmidrule(lr){3-4}",
        "name & pixels & top-1, \\% & top-5, \\% \\\\",
        "\\midrule",
        "warm\\_up=0 \\& 50\\% & 32 & 12.35 & 50.00 \\\\",
        "a|b & 256 & -- & 25.00 \\\\",
        "\\bottomrule",
        "\\end{tabular}",
    ]
    backslash = Table((Column("one", text=True),), (("\\~^{}$#",),))
    wanted = r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{\}\$\# \\"
    lines = latex(backslash).splitlines()
    assert wanted in lines
    assert lines[2:5] == ["\\toprule", "one \\\\", "\\midrule"]
