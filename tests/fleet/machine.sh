#!/bin/sh
# machine.sh PART...: make this Debian or Ubuntu machine ready. Parts: venv docker fleet-tools browser postgres arm64.
# Does nothing where nothing is missing. One line a step here, everything else in var/log/machine.log.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p var/log
log=$PWD/var/log/machine.log
python=

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
ubuntu() { grep -qs '^ID=ubuntu' /etc/os-release; }

# step WHAT COMMAND...: run it with its output in the log, and say how long it took
step() {
  what=$1; shift
  printf '%s … ' "$what" >&2
  start=$(date +%s)
  if "$@" >>"$log" 2>&1; then say "$(($(date +%s) - start)) s"; else
    say "failed. The last of $log:"; tail -n 20 "$log" >&2; exit 1
  fi
}

# as_root FUNCTION...: one of the functions below, run by root
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -E sh tests/fleet/machine.sh as-root "$@"; fi; }

# need_root SENTENCE: ask for the password now, or stop with what is missing where nobody may
need_root() {
  [ "$(id -u)" = 0 ] || { have sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; } || stop "$1"
}

# --- what each part needs from the distribution: the packages that are missing ---

usable() { have "$1" && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for python in python3.11 python3.12 python3.13 python3.14 python3; do
    if usable "$python"; then return 0; fi
  done
  python=
  return 1
}

absent() { for package; do dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"; done; }

# Ubuntu's chromium packages only install a snap, which no headless test can drive: Playwright's own is taken there.
# libatomic1: the Node.js inside Playwright.
needs_browser() { absent fonts-noto-color-emoji fonts-dejavu-core libatomic1; ubuntu || have chromium || echo chromium; }
needs_docker() { have dockerd || [ -x /usr/sbin/dockerd ] || answers || echo docker.io iptables ca-certificates; }
needs_postgres() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql; }
needs_arm64() { absent qemu-user-static binfmt-support; }
needs_fleet_tools() {
  have ssh || echo openssh-client
  have mmdebstrap || echo mmdebstrap
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
  [ "$(id -u)" = 0 ] || have newuidmap || echo uidmap
}
needs_venv() {
  [ -x .venv/bin/python ] || find_python ||
    case $(python3 -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null) in
      False) echo python3.11 python3.11-venv ;;
      *) echo python3 python3-venv ;;
    esac
}

install_packages() {
  set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
  "$@" || { apt-get update -q && "$@"; }
}

system_packages() {
  missing=$(for part; do "needs_$(echo "$part" | tr - _)"; done | xargs)
  [ -n "$missing" ] || return 0
  have apt-get || stop "Missing here, and this is no Debian or Ubuntu to install it on: $missing"
  need_root "Missing: $missing. Install as root: apt-get install $missing"
  # shellcheck disable=SC2086 # a list of words
  step "System packages: installing $missing" as_root install_packages $missing
}

# --- parts ---

do_venv() {
  wanted=$(sha256sum requirements-dev.txt pyproject.toml)
  [ "$wanted" != "$(cat .venv/flsvc-installed 2>/dev/null)" ] || return 0
  if [ ! -x .venv/bin/python ]; then
    find_python || stop "Missing: Python 3.11 or newer with venv. Install as root: apt-get install python3-venv"
    step "Virtual environment: making .venv with $python" "$python" -m venv .venv
  fi
  # What was locked and nothing else. The lock is complete, so nothing is resolved (--no-deps): an older pip would try
  # the newest release for a requirement with an extra, and then miss its hash.
  step "Python packages: installing" .venv/bin/pip install -q --no-deps --require-hashes -r requirements-dev.txt
  step "flsvc: installing" .venv/bin/pip install -q --no-deps --no-build-isolation -e .
  echo "$wanted" > .venv/flsvc-installed
}

client() { if [ -x /usr/bin/docker ]; then echo /usr/bin/docker; else echo docker; fi; }
answers() { "$(client)" version -f '{{.Server.Version}}' >/dev/null 2>&1; }

start_engine() {
  if [ -d /run/systemd/system ]; then systemctl start docker
  elif [ -x /etc/init.d/docker ]; then
    # The script raises its limits first and ends where it may not, as in a container without CAP_SYS_RESOURCE.
    sh -c 'ulimit() { command ulimit "$@" 2>/dev/null || :; }; . "$0"' /etc/init.d/docker start </dev/null
  else setsid dockerd </dev/null >/var/log/docker.log 2>&1 & fi
  for _ in $(seq 300); do
    ! answers || return 0
    sleep 0.2
  done
  return 1
}

# A new group counts from the next login on; until then the socket is lent to this user.
lend_socket() { usermod -aG docker "$1"; chown "$1" /var/run/docker.sock; }

do_docker() {
  ! answers || return 0
  me=$(id -un)
  if ! have "$(client)"; then # Debian 13 and later: a package of its own, only recommended
    need_root "Missing: docker-cli. Install as root: apt-get install docker-cli"
    step "Docker client: installing" as_root install_packages docker-cli
  fi
  why="The Docker Engine does not answer $me. As root: service docker start; usermod -aG docker $me"
  need_root "$why"
  as_root answers || step "Docker Engine: starting" as_root start_engine
  answers || as_root lend_socket "$me"
  answers || stop "$why"
}

do_browser() {
  have chromium && ! ubuntu || ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium-* >/dev/null 2>&1 ||
    step "Chromium: installing" .venv/bin/playwright install --with-deps chromium
}

enable_emulation() {
  mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  update-binfmts --enable
}

do_arm64() {
  [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || return 0
  need_root "arm64 is not emulated here. As root: update-binfmts --enable"
  step "arm64: enabling emulation" as_root enable_emulation
}

do_fleet_tools() { :; }
do_postgres() { :; }

if [ "${1:-}" = as-root ]; then
  shift
  "$@"
  exit
fi
for part; do
  case $part in
    venv | docker | fleet-tools | browser | postgres | arm64) ;;
    *) stop "machine.sh: no part is called $part" ;;
  esac
done
system_packages "$@"
for part; do "do_$(echo "$part" | tr - _)"; done
