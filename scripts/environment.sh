#!/bin/sh
# Make the virtual environment: environment.sh PYTHON FOLDER.
# Debian and Ubuntu keep the module for it in a package of its own; it is installed where missing.
set -eu
python=$1
folder=$2

# An environment that is there stays, whatever Python it was made with.
[ -x "$folder/bin/pip" ] && exit 0
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "make: $python is no Python 3.11 or newer; name one with PYTHON=..." >&2
    exit 2
fi
rm -rf "$folder"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    sudo=''
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "   $python lacks its venv module: installing python$version-venv"
    $sudo apt-get update -qq
    $sudo apt-get install -y -qq "python$version-venv"
fi
"$python" -m venv "$folder"
