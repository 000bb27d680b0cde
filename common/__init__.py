"""Shared by all packages; imports none of them.

caches          writable cache folders for numba and Matplotlib
cli             how commands end: one sentence, an exit status
distributed     one process or several (`torchrun`)
earlier_result  whether an earlier start has answered the same request
errors          errors whose message is meant for the user
figure_text     users' text in Matplotlib figures: literal, shortened, in fonts that have it
files           atomic writes, file locks
json_text       JSON of files that others may have written or damaged
names           names of classes and locations, compared as text
photographs     photographs as the model sees them: upright, whole, a square
progress        progress callbacks and progress bars
resume_buffer   results of an unfinished command, kept until it is resumed
signals         SIGTERM and Ctrl-C
startup         these signals while a command is imported
streams         stdout and stderr whose reader has ended
system_errors   what the operating system's errors mean, and the way out
tables          tables as Markdown, LaTeX and CSV
text            users' text in terminals and CSV files: literal, shortened
validation      values of options, checked against their types
"""
