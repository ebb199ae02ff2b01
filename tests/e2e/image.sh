# Runs a command in a root that cannot be written to: image.sh ROOT BUNDLES USER MODE COMMAND…
# within namespaces of its own (mounts, network, processes), which `unshare` has made.
set -eu
root=$1 bundles=$2 user=$3 mode=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
for device in null urandom zero; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount --bind "$bundles" "$root/bundles"
[ "$mode" = rw ] || mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"
