#!/bin/sh
# Prints the path of a real, working Python interpreter.
#
#   find_python.sh preferred   3.10 (the version Lava needs), else the newest of 3.11 to 3.13
#   find_python.sh newest      the newest of 3.10 to 3.13
#   find_python.sh 3.9         this version
#
# A command called python3.x may be a shim for a version that is not active here, so every
# candidate is run, and what is printed is the interpreter behind any shim or virtual environment.
set -u

case "${1:-}" in
    preferred) versions="3.10 3.13 3.12 3.11" ;;
    newest) versions="3.13 3.12 3.11 3.10" ;;
    3.*) versions=$1 ;;
    *)
        echo "usage: find_python.sh preferred|newest|3.x" >&2
        exit 2
        ;;
esac

# Prints the interpreter behind candidate $1; fails unless it is version $2 and can make a venv.
interpreter_of() {
    [ -f "$1" ] && [ -x "$1" ] || return 1
    base=$("$1" -I -c 'import sys; print(sys.base_prefix)' 2>/dev/null </dev/null) || return 1
    interpreter="$base/bin/python$2"
    "$interpreter" -I -c "import sys, venv, ensurepip
sys.exit('%d.%d' % sys.version_info[:2] != '$2')" >/dev/null 2>&1 </dev/null || return 1
    echo "$interpreter"
}

# Lists the candidates for version $1, one a line: the search path first, then pyenv's versions.
candidates() {
    echo "$PATH" | tr ':' '\n' | while IFS= read -r folder; do
        printf '%s\n' "$folder/python$1" "$folder/python3"
    done
    if pyenv_root=$(pyenv root 2>/dev/null); then
        for folder in "$pyenv_root/versions/$1".*; do
            echo "$folder/bin/python$1"
        done
    fi
}

for version in $versions; do
    found=$(candidates "$version" 2>/dev/null | while IFS= read -r candidate; do
        interpreter_of "$candidate" "$version" && break
    done)
    if [ -n "$found" ]; then
        echo "$found"
        exit 0
    fi
done

echo "No working Python with the venv module was found, of these: $versions." >&2
echo "Install one (on Debian and Ubuntu with its python3-venv package) and try again." >&2
exit 1
