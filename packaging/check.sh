#!/bin/sh
# Tries a package as an operator does: packaging/check.sh OLD.deb NEW.deb [FOLDER]. As root, with debootstrap.
# Debian of the machine's own release goes into FOLDER (kept, so that the next time is quicker) and starts with systemd as
# the first process of namespaces of its own. OLD is installed with a centre and a node at work, NEW is installed over it.
set -eu
old=$(realpath "$1") new=$(realpath "$2") root=${3:-/var/tmp/tocsin-check}
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
if [ ! -x "$root/lib/systemd/systemd" ]; then
    debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,python3,adduser,libportaudio2,curl,ca-certificates "$release" "$root"
fi
cp "$old" "$root/srv/old.deb"
cp "$new" "$root/srv/new.deb"
sed '1,/^# INSIDE$/d' "$0" > "$root/srv/inside.sh"

group=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)/tocsin-check
mkdir -p "$group"
unshare -m -u -i -n -p --fork --kill-child=KILL sh -c '
    echo 0 > "$2/cgroup.procs"
    exec unshare -C sh -c '\''
        mount --make-rprivate /
        mount --bind "$1" "$1"
        mount -t proc proc "$1/proc"
        mount -t sysfs -o ro sysfs "$1/sys"
        mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
        mount -t tmpfs -o mode=755 tmpfs "$1/run"
        mount -t tmpfs tmpfs "$1/tmp"
        mount -t tmpfs -o mode=755 tmpfs "$1/dev"
        for device in null zero full random urandom tty; do
            touch "$1/dev/$device"
            mount --bind "/dev/$device" "$1/dev/$device"
        done
        mkdir "$1/dev/pts" "$1/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
        mount -t tmpfs tmpfs "$1/dev/shm"
        ln -s pts/ptmx "$1/dev/ptmx"
        ln -s /proc/self/fd "$1/dev/fd"
        ip link set lo up
        exec chroot "$1" env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
    '\'' sh "$1"
' sh "$root" "$group" < /dev/null > "$root.log" 2>&1 &
outer=$!
trap 'kill -KILL $outer; wait $outer 2>/dev/null || true; sleep 2; find "$group" -depth -type d -exec rmdir {} \;' EXIT
sleep 5
inner=$(ps -o pid= --ppid "$outer" | tr -d ' ')
cd /
nsenter -t "$inner" -m -u -i -n -p -C --root \
    env -i -C /srv PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 sh -eu /srv/inside.sh
exit

# INSIDE
centre=https://localhost:8444
keys="/var/lib/tocsin-centre/keys/ca.key /var/lib/tocsin-centre/keys/orders.key /var/lib/private/tocsin/node.key"

ready() { curl --silent --fail --max-time 2 --cacert /var/lib/tocsin-centre/keys/ca.pem $centre/readyz > /dev/null; }
until_so() { for _ in $(seq 120); do if "$@"; then return; fi; sleep 0.5; done; echo "never so: $*" >&2; exit 1; }
reports() {
    /opt/tocsin/bin/python3 -c 'import sqlite3
store = sqlite3.connect("file:/var/lib/tocsin-centre/tocsin.db?mode=ro", uri=True)
count, last, schema = store.execute("select count(*), max(sequence), (select version_num from alembic_version) from reports").fetchone()
assert count == last, f"{count} reports are kept, the last is number {last}"
print(count, "reports, none missing; schema", schema)'
}
more_than() { [ "$(reports | cut -d' ' -f1)" -gt "$1" ]; }

dpkg --purge tocsin > /dev/null 2>&1 || true
rm -rf /var/lib/tocsin-centre /var/lib/private/tocsin /var/lib/tocsin /etc/tocsin /srv/scene
until_so systemctl is-active --quiet basic.target
dpkg -i /srv/old.deb
cat > /etc/tocsin/centre.toml <<'END'
data = "/var/lib/tocsin-centre"
listen = "127.0.0.1:8443"
page_host = "0.0.0.0"
page_port = 8444
END
cat > /etc/tocsin/node.toml <<'END'
node = "roof-1"
data = "/var/lib/tocsin"
health_interval_s = 0.5
[source]
kind = "session"
folder = "/srv/scene"
END
mkdir /srv/scene
/opt/tocsin/bin/python3 - "$(date -u -d '+10 seconds' +%Y-%m-%dT%H:%M:%SZ)" <<'END'
import json, pathlib, sys
import numpy, soundfile
hiss = 1e-3 * numpy.random.default_rng(1).standard_normal(48000 * 1200)
soundfile.write("/srv/scene/roof-1.wav", hiss, 48000, subtype="PCM_16")
node = {"id": "roof-1", "position": {"x": 0, "y": 0, "z": 5}, "file": "roof-1.wav", "start": "2026-01-01T00:00:00Z"}
pathlib.Path("/srv/scene/session.json").write_text(json.dumps({"id": "hiss", "nodes": [node]}))
with pathlib.Path("/etc/tocsin/node.toml").open("a") as settings:
    settings.write(f'start_at_utc = "{sys.argv[1]}"\n')
END
systemctl enable --quiet --now tocsin-centre
until_so ready
token=$(runuser -u tocsin -- tocsin centre token --data /var/lib/tocsin-centre)
systemd-run --quiet --wait --pipe -p DynamicUser=yes -p User=tocsin-node -p StateDirectory=tocsin \
    /opt/tocsin/bin/tocsin node enrol /etc/tocsin/node.toml --centre https://127.0.0.1:8443 --token "$token"
systemctl enable --quiet --now tocsin-node
until_so more_than 5
before=$(reports)
sha256sum $keys > /run/keys

(while [ ! -e /run/enough ]; do ready && date +%s.%N || echo away; sleep 0.1; done > /run/answers) &
dpkg -i /srv/new.deb
until_so ready
until_so more_than "$((${before%% *} + 20))"
touch /run/enough
wait
sha256sum --check --quiet /run/keys
for unit in tocsin-centre tocsin-node; do
    systemctl is-active --quiet $unit
    [ "$(systemctl show $unit -p NRestarts --value)" = 0 ]
done
runuser -u tocsin -- tocsin centre journal --check --data /var/lib/tocsin-centre
echo "before: $before"
echo "after:  $(reports)"
awk '/away/ {gone = 1; next} gone && !told {print "away for", $1 - last, "s"; told = 1} {last = $1}' /run/answers

mv /srv/scene /srv/elsewhere
/var/lib/dpkg/info/tocsin.postinst configure 0  # a node without its microphone is no broken package
dpkg --remove tocsin
sha256sum --check --quiet /run/keys
[ -e /etc/tocsin/centre.toml ] && [ ! -e /opt/tocsin/lib ]
echo "the package is as it should be"
