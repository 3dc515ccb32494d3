# Prints what there is to know about this machine, one key=value a line. Changes nothing, needs no root.
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/sbin:/sbin
exec 2>/dev/null
say() { printf '%s=%s\n' "$1" "$2"; }
release() { (. /etc/os-release; eval "printf %s \"\$$1\""); }
say arch "$(dpkg --print-architecture)"
say machine "$(uname -m)"
say os_id "$(release ID)"
say os "$(release PRETTY_NAME)"
say codename "$(release VERSION_CODENAME)"
say kernel "$(uname -r)"
model=$(tr -d '\0' < /proc/device-tree/model || cat /sys/class/dmi/id/product_name)
say model "$model"
say hostname "$(hostname || cat /etc/hostname)"
say cpus "$(nproc)"
say memory_kib "$(awk '/^MemTotal:/ {print $2}' /proc/meminfo)"
say disk_total_kib "$(df -Pk / | awk 'NR == 2 {print $2}')"
say disk_free_kib "$(df -Pk / | awk 'NR == 2 {print $4}')"
say temperature_millic "$(cat /sys/class/thermal/thermal_zone0/temp)"
say uptime_s "$(cut -d ' ' -f 1 /proc/uptime)"
say docker "$(dockerd --version)"
