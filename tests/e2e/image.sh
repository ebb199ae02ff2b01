# Runs a command in another root, which cannot be written to unless MODE is rw: image.sh ROOT BUNDLES USER MODE COMMAND…
# within namespaces of its own (mounts, processes, mostly the network), which `unshare` has made.
set -eu
root=$1 bundles=$2 user=$3 mode=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
for folder in tmp dev/shm; do mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
for device in null urandom zero; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount --bind "$bundles" "$root/bundles"
[ "$mode" = rw ] || mount -o remount,bind,ro "$root"
exec chroot --userspec="$user" "$root" "$@"
