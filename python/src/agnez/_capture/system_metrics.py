"""The load of the machine: processor, memory, disk, network, and GPUs of NVIDIA."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass
from typing import Any

#: The first part of the metrics' names.
PREFIX = "system/"
_MIB = float(1 << 20)
#: Bytes of a sector in ``/proc/diskstats``, whatever the disk's own are.
_SECTOR = 512


@dataclass
class Counters:
    """What the operating system counts: sums since its start, and the state now."""

    #: Seconds, summed over all processors.
    cpu_busy: float
    cpu_total: float
    #: From 0 to 1.
    memory: float
    #: Bytes that this process has in memory.
    process_memory: float
    disk_read: float
    disk_written: float
    received: float
    sent: float


class SystemMetrics:
    """Samples the machine; rates are means since the last sample."""

    def __init__(self) -> None:
        self._last: tuple[float, Counters] | None = None
        self._gpus = _Gpus()

    def sample(self) -> dict[str, float]:
        """The metrics now; what this machine does not tell is left out."""
        metrics: dict[str, float] = {}
        now, counters = time.monotonic(), _read_counters()
        if counters is not None:
            metrics["memory_percent"] = 100 * counters.memory
            metrics["process_memory_mib"] = counters.process_memory / _MIB
            if self._last is not None:
                before, old = self._last
                metrics.update(_rates(old, counters, max(now - before, 1e-3)))
            self._last = now, counters
        try:
            disk = shutil.disk_usage(os.curdir)
            metrics["disk_percent"] = 100 * disk.used / max(disk.total, 1)
        except OSError:
            pass
        metrics.update(self._gpus.sample())
        return {PREFIX + name: value for name, value in metrics.items()}


def _rates(old: Counters, new: Counters, seconds: float) -> dict[str, float]:
    total = new.cpu_total - old.cpu_total
    mib_s = seconds * _MIB
    rates = {
        "disk_read_mib_s": (new.disk_read - old.disk_read) / mib_s,
        "disk_write_mib_s": (new.disk_written - old.disk_written) / mib_s,
        "network_received_mib_s": (new.received - old.received) / mib_s,
        "network_sent_mib_s": (new.sent - old.sent) / mib_s,
    }
    if total > 0:
        rates["cpu_percent"] = 100 * (new.cpu_busy - old.cpu_busy) / total
    # A device that was removed makes a sum smaller.
    return {name: max(0.0, rate) for name, rate in rates.items()}


def _read_counters() -> Counters | None:
    try:
        return _from_proc() if sys.platform == "linux" else _from_psutil()
    except Exception:  # Files of a kernel that has them otherwise, or no psutil.
        return None


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _from_proc() -> Counters:
    ticks = [int(each) for each in _read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    hz = os.sysconf("SC_CLK_TCK")
    memory = {
        line.split(":")[0]: int(line.split()[1]) for line in _read("/proc/meminfo").splitlines()
    }
    resident = int(_read("/proc/self/statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    read = written = received = sent = 0
    for line in _read("/proc/diskstats").splitlines():
        fields = line.split()
        # Whole disks: their partitions, and devices that are made of them, would count twice.
        if os.path.exists(f"/sys/block/{fields[2]}/device"):
            read += int(fields[5]) * _SECTOR
            written += int(fields[9]) * _SECTOR
    for line in _read("/proc/net/dev").splitlines()[2:]:
        name, _, rest = line.partition(":")
        if name.strip() != "lo":
            numbers = rest.split()
            received += int(numbers[0])
            sent += int(numbers[8])
    return Counters(
        (sum(ticks) - idle) / hz,
        sum(ticks) / hz,
        1 - memory["MemAvailable"] / memory["MemTotal"],
        resident,
        read,
        written,
        received,
        sent,
    )


def _from_psutil() -> Counters:
    import psutil

    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    disk, network = psutil.disk_io_counters(), psutil.net_io_counters()
    return Counters(
        sum(times) - idle,
        sum(times),
        psutil.virtual_memory().percent / 100,
        psutil.Process().memory_info().rss,
        disk.read_bytes if disk else 0,
        disk.write_bytes if disk else 0,
        network.bytes_recv,
        network.bytes_sent,
    )


class _Gpus:
    """The GPUs of NVIDIA, where ``nvidia-ml-py`` is installed."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._handles: list[Any] = []
        try:
            import pynvml

            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(at) for at in range(count)]
            self._nvml = pynvml
        except Exception:  # Not installed, or no driver.
            return

    def sample(self) -> dict[str, float]:
        metrics: dict[str, float] = {}
        nvml = self._nvml
        for at, handle in enumerate(self._handles):
            for name, read in (
                ("percent", lambda h: nvml.nvmlDeviceGetUtilizationRates(h).gpu),
                ("memory_percent", lambda h: _used_percent(nvml.nvmlDeviceGetMemoryInfo(h))),
                ("celsius", lambda h: nvml.nvmlDeviceGetTemperature(h, 0)),
                ("watts", lambda h: nvml.nvmlDeviceGetPowerUsage(h) / 1000),
            ):
                try:
                    metrics[f"gpu{at}_{name}"] = float(read(handle))
                except Exception:  # Not every GPU tells everything.
                    continue
        return metrics


def _used_percent(memory: Any) -> float:
    return 100 * float(memory.used) / max(float(memory.total), 1.0)
