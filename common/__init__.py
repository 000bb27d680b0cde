"""Shared by all packages; imports none of them.

caches        writable cache folders for numba and Matplotlib
cli           how commands end: one sentence, an exit status
distributed   one process or several (`torchrun`)
earlier_result  whether an earlier start has answered the same request
errors        errors whose message is meant for the user
files         atomic writes, file locks
photographs   photographs as the model sees them: upright, whole, a square
progress      progress callbacks and progress bars
signals       SIGTERM and Ctrl-C
startup       these signals while a command is imported
streams       stdout and stderr whose reader has ended
system_errors what the operating system's errors mean, and the way out
"""
