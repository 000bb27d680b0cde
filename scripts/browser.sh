#!/bin/sh
# Find a browser for the tests, or install one: browser.sh PYTHON.
set -eu
python=$1

[ -n "${CHROMIUM:-}" ] && exit 0
for name in chromium chromium-browser google-chrome; do
    # Ubuntu's chromium-browser is a stub that only asks for a snap.
    if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
        exit 0
    fi
done
sudo=''
[ "$(id -u)" = 0 ] || sudo=sudo
if command -v apt-get >/dev/null && [ "$(. /etc/os-release && echo "$ID")" = debian ]; then
    echo "   no browser found: installing Debian's chromium"
    $sudo apt-get update -qq
    if $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; then
        exit 0
    fi
fi
echo "   no browser found: letting Playwright download its own"
case "$(uname -s)" in
Linux) "$python" -m playwright install --with-deps chromium ;;
*) "$python" -m playwright install chromium ;;
esac
