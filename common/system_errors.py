"""What the operating system's errors mean, and the way out."""

import errno
import os
import re
import sqlite3
from pathlib import Path

_HDF5_ERRNO = re.compile(r"\berrno = (\d+)")
_LOCKED = "locked by another program; close that program, or wait until it has finished"
_MEMORY = "memory ran out; close other programs, or start fewer processes"
_REMEDIES = {
    "check the path": (errno.ENOENT,),
    "change its permissions": (errno.EACCES, errno.EPERM),
    "make the disk writable": (errno.EROFS,),
    "free some space": (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    "close the program that uses it, or wait until it has finished": (errno.EBUSY, errno.ETXTBSY),
    "start fewer processes, or wait until others have ended": (errno.EAGAIN,),
    "set HDF5_USE_FILE_LOCKING=FALSE while no program writes the file": (
        errno.ENOLCK,
        errno.ENOSYS,
        errno.EOPNOTSUPP,
    ),
    "another process has ended: run the command again": (errno.EPIPE, errno.ECONNRESET),
    "name a file": (errno.EISDIR,),
    "name a folder": (errno.ENOTDIR, errno.EEXIST),
    "choose a shorter name": (errno.ENAMETOOLONG,),
    "correct the link": (errno.ELOOP,),
    "raise the limit of open files (`ulimit -n`)": (errno.EMFILE, errno.ENFILE),
    "close other programs, or start fewer processes": (errno.ENOMEM,),
    "check the disk and the connection to it": (
        errno.EIO,
        errno.ENODEV,
        errno.ENXIO,
        errno.ENOTCONN,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
    ),
}
_REMEDY_OF = {number: remedy for remedy, numbers in _REMEDIES.items() for number in numbers}
_SQLITE_ERRNO = {
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_NOMEM: errno.ENOMEM,
}


def error_number(error: BaseException) -> int:
    """Return the `errno` of an error; 0 if it was not raised for the operating system.

    HDF5 raises other types, too, with the number in the message.
    """
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = _HDF5_ERRNO.search(str(error))
    return int(found[1]) if found else 0


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether this machine's memory ran out, which torch reports as a RuntimeError."""
    return isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error)


def is_system_error(error: BaseException) -> bool:
    """Return whether the operating system refused, rather than a file being damaged."""
    # Libraries that read a damaged file pass it invalid arguments.
    return error_number(error) not in (0, errno.EINVAL) or is_out_of_memory(error)


def error_text(error: BaseException) -> str:
    """Return the operating system's message, not HDF5's longer one."""
    strerror = getattr(error, "strerror", None)
    if isinstance(strerror, str) and not _HDF5_ERRNO.search(strerror):
        return strerror
    number = error_number(error)
    return os.strerror(number) if number else str(error).partition("\n")[0]


def explain(error: BaseException, advice: str = "") -> str:
    """Return why the operating system refused and what to do, without the name of the file.

    `advice` continues the sentence, such as "or choose another place".
    """
    if is_out_of_memory(error):
        return _MEMORY
    if error_number(error) == errno.EAGAIN and "unable to lock file" in str(error):
        return _LOCKED
    remedy = _REMEDY_OF.get(error_number(error), "check the disk and the path")
    return f"{error_text(error)}; {remedy} {advice}".rstrip()


def explain_sqlite(path: Path, error: sqlite3.Error, advice: str = "") -> str:
    """Return as `explain` why SQLite cannot use a database; "" if the file is damaged."""
    # The lower byte of an extended error code is the primary code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code == sqlite3.SQLITE_IOERR:
        return f"{error}, as on a full disk; free some space {advice}".rstrip()
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _LOCKED
    number = _SQLITE_ERRNO.get(code, 0)
    if code == sqlite3.SQLITE_CANTOPEN:
        place = path if path.exists() else path.parent
        allowed = os.access(place, os.R_OK | os.W_OK)
        number = errno.EISDIR if path.is_dir() else 0 if allowed else errno.EACCES
        number = errno.ENOENT if not path.parent.exists() else number or errno.EIO
    return explain(OSError(number, os.strerror(number)), advice) if number else ""
