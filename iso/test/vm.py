"""One virtual machine at a time, by QEMU without KVM, with no way out to a network: its serial console, its ports, its monitor."""

import json
import os
import re
import shutil
import socket
import subprocess
import time

OVMF = "/usr/share/OVMF"
CPUS, MEMORY_MB = 2, 3072
SECOND_CARD = ["-netdev", "user,id=net2,restrict=on,net=10.0.9.0/24", "-device", "virtio-net-pci,netdev=net2,romfile="]
# How often a condition is looked at.
LOOK_SECS = 0.5


class Failed(Exception):
    """A condition did not come true in time, or the machine ended."""


class Machine:
    """Boots at once. `restrict=on` keeps it from the world; some of its ports are reached on loopback."""

    def __init__(self, work, name, disk, iso=None, uefi=False, secure_boot=False, media=(), address="10.0.2.15", second_card=False):
        self.name, self.work, self.started = name, work, time.monotonic()
        self.https, self.ssh = free_port(), free_port()
        self.serial = os.path.join(work, f"{name}.serial.log")
        self.monitor, self.keyboard = os.path.join(work, "monitor"), os.path.join(work, "keyboard")
        for leftover in (self.serial, self.monitor, self.keyboard):
            if os.path.exists(leftover):
                os.unlink(leftover)
        open(self.serial, "wb").close()
        self.seen = 0
        command = self._base(secure_boot, address) + (SECOND_CARD if second_card else []) + self._drives(disk, iso, media) + (self._uefi(disk, secure_boot) if uefi else [])
        with open(os.path.join(work, f"{name}.qemu.log"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _base(self, secure_boot, address):
        accelerator = ["-accel", "kvm", "-cpu", "host"] if os.environ.get("ISO_TEST_KVM") == "yes" else ["-accel", "tcg,thread=multi", "-cpu", "max"]
        # Such a network lets no UDP out: the box's time service is not looked at.
        forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{here}-{address}:{there}" for here, there in ((self.https, 443), (self.ssh, 22)))
        return [
            "qemu-system-x86_64", "-M", "q35,smm=on" if secure_boot else "q35", *accelerator,
            "-smp", str(CPUS), "-m", str(MEMORY_MB), "-display", "none", "-vga", "std",
            "-chardev", f"socket,id=serial,path={self.keyboard},server=on,wait=off,logfile={self.serial}", "-serial", "chardev:serial",
            "-qmp", f"unix:{self.monitor},server=on,wait=off",
            "-netdev", f"user,id=net,restrict=on,{forwards}", "-device", "virtio-net-pci,netdev=net,romfile=",
            "-device", "virtio-rng-pci", "-device", "qemu-xhci,id=usb",
        ]  # fmt: skip

    @staticmethod
    def _drives(disk, iso, media):
        # What QEMU has been told to write is in the host's cache, and outlives a killed QEMU.
        drives = ["-drive", f"if=none,id=disk,format=raw,cache=unsafe,file={disk}", "-device", "virtio-blk-pci,drive=disk,serial=BOX1,bootindex=1"]
        if iso:
            drives += ["-drive", f"if=none,id=disc,format=raw,readonly=on,file={iso}", "-device", "ide-cd,drive=disc,bootindex=0"]
        for number, medium in enumerate(media):
            drives += ["-drive", f"if=none,id=medium{number},format=raw,readonly=on,file={medium}"]
            drives += ["-device", f"virtio-blk-pci,drive=medium{number}"]
        return drives

    @staticmethod
    def _uefi(disk, secure_boot):
        kind = ".ms" if secure_boot else ""
        variables = f"{disk}{kind}.vars"
        if not os.path.exists(variables):
            shutil.copy(f"{OVMF}/OVMF_VARS_4M{kind}.fd", variables)
        arguments = ["-global", "driver=cfi.pflash01,property=secure,value=on"] if secure_boot else []
        arguments += ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF}/OVMF_CODE_4M{kind}.fd"]
        return arguments + ["-drive", f"if=pflash,format=raw,unit=1,file={variables}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def seconds(self):
        return time.monotonic() - self.started

    def output(self):
        with open(self.serial, "rb") as file:
            return file.read().decode(errors="replace")

    def until(self, what, condition, limit):
        """The first result of `condition` that is true."""
        end = time.monotonic() + limit
        while True:
            result = condition()
            if result:
                return result
            if self.process.poll() is not None:
                raise Failed(f"{self.name}: QEMU ended while waiting for {what}\n{self.output()[-3000:]}")
            if time.monotonic() > end:
                raise Failed(f"{self.name}: no {what} within {limit} s\n{self.output()[-3000:]}")
            time.sleep(LOOK_SECS)

    def says(self, pattern, limit, unless=None):
        """The match of `pattern` on the serial console, behind what was matched before."""

        def look():
            new = self.output()[self.seen :]
            bad = unless and re.search(unless, new)
            if bad:
                raise Failed(f"{self.name} says: {bad.group(0)}")
            return re.search(pattern, new)

        match = self.until(f"/{pattern}/ on the console", look, limit)
        self.seen += match.end()
        return match

    def ends(self, limit):
        """Waits until the machine has switched itself off."""
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} does not switch itself off\n{self.output()[-3000:]}") from None

    def kill(self):
        """As a power cut does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def types(self, keys):
        """On the serial console."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.keyboard)
            connection.sendall(keys.encode())
            # QEMU hangs up when the guest has taken them all.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    def ask_monitor(self, *commands):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.monitor)
            lines = connection.makefile("rw")
            lines.readline()
            for command, arguments in [("qmp_capabilities", {}), *commands]:
                lines.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                lines.flush()
                answer = {}
                while not answer.keys() & {"return", "error"}:
                    answer = json.loads(lines.readline())
                if "error" in answer:
                    raise Failed(f"QEMU refuses {command}: {answer['error']}")

    def plug_in(self, medium, name):
        """A USB stick."""
        drive = {"driver": "raw", "node-name": name, "read-only": True, "file": {"driver": "file", "filename": medium}}
        self.ask_monitor(("blockdev-add", drive), ("device_add", {"driver": "usb-storage", "id": f"{name}-stick", "drive": name, "bus": "usb.0"}))

    def pull_out(self, name):
        self.ask_monitor(("device_del", {"id": f"{name}-stick"}))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def medium(path, label, size_mb, **files):
    """A small FAT medium with these files; a value is text, or the path of a file when it begins with `@`."""
    with open(path, "wb") as image:
        image.truncate(size_mb << 20)
    subprocess.run(["mkfs.vfat", "-n", label, path], check=True, stdout=subprocess.DEVNULL)
    for name, content in files.items():
        name = name.replace("__", ".")
        if content.startswith("@"):
            subprocess.run(["mcopy", "-o", "-i", path, content[1:], f"::/{name}"], check=True)
        else:
            subprocess.run(["mcopy", "-o", "-i", path, "-", f"::/{name}"], input=content.encode(), check=True)
    return path
