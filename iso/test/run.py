#!/usr/bin/env python3
"""run.py OUT [STORY...]: lives through the box's first day, in emulated machines, with what build.sh and bundles.sh left in OUT.

| story | what is lived through |
|---|---|
| careful | UEFI with Secure Boot; an answer medium that does not say WIPE=yes: nothing is written |
| bios | installed unattended, started from the disk, claimed with the code on the console, a channel in three tiers |
| refusals | on the disk of `bios`: a power cut while an update is written; bundles that are refused |
| updates | on the same disk: an update; one that does not start, and the way back |
| cuts | on the same disk: power cuts while settings are written |
| uefi | as `bios`, by UEFI, from the disk with Secure Boot, with an address of its own instead of DHCP's |
| attended | the menu on the serial console: a wrong name for the disk, then the right one |
| menu | on the disk of `attended`: the menu of a box that runs: a network that goes back by itself, one that is kept, a new password, everything forgotten |
| browser | on the same disk, as new: updates by HTTPS: five that are refused, one that is cancelled, one that is written, started and kept |
| live | the box tried from the medium, claimed, with a channel |

All of them, in this order, when none is named. ISO_TEST_LOCK names a file that is locked while a machine runs, ISO_TEST_KVM=yes
uses KVM.
"""

import contextlib
import fcntl
import glob
import os
import random
import re
import subprocess
import sys
import time

from box import PASSWORD, Box, ll_dash, ll_hls, ts
from vm import Machine, medium

# Emulated, on two busy cores. None of them is a promise: each ends a test that hangs.
BOOT_SECS, INSTALL_SECS, UPDATE_SECS, MEDIA_SECS = 1200, 2400, 2400, 900
# Sparse: what the installer asks for with slots of their usual size.
DISK_BYTES = 12 << 30
SLOT_MB = 1024
# Blocks of 512 bytes: far enough into a slot, far from its end.
MEGABYTES_BLOCKS = 20_000_000 // 512
POWER_CUTS = int(os.environ.get("ISO_TEST_CUTS", "3"))
CUT_WITHIN_SECS = 20
FAILURES = r"Kernel panic|Not installed:[^\r\n]*"
STARTED = time.monotonic()


@contextlib.contextmanager
def step(what):
    begun = time.monotonic()
    yield
    now = time.monotonic()
    print(f"[{now - STARTED:5.0f} s] {what}: {now - begun:.0f} s", flush=True)


@contextlib.contextmanager
def machine(*args, **kwargs):
    """One at a time, also among several runs of this."""
    path = os.environ.get("ISO_TEST_LOCK")
    with open(path, "w", encoding="utf-8") if path else contextlib.nullcontext() as lock:
        if lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        with Machine(*args, **kwargs) as running:
            yield running


class Day:
    """What the stories share: the folder, the image, the disk's versions."""

    def __init__(self, out):
        self.out, self.work = out, os.path.join(out, "test")
        os.makedirs(self.work, exist_ok=True)
        with open(os.path.join(out, "root/usr/lib/box/version"), encoding="utf-8") as file:
            self.version = file.read().strip()
        self.iso = os.path.join(out, f"forebay-{self.version}-amd64.iso")

    def file(self, name):
        return os.path.join(self.work, name)

    def new_disk(self, name):
        for old in glob.glob(self.file(f"{name}.disk*")):
            os.unlink(old)
        with open(self.file(f"{name}.disk"), "wb") as disk:
            disk.truncate(DISK_BYTES)
        return self.file(f"{name}.disk")

    def answers(self, **answers):
        text = "".join(f"{key}={value}\n" for key, value in answers.items())
        return medium(self.file("answers"), "FOREBAYCFG", 2, forebay__conf=text)

    def disk_machine(self, name, disk="bios", **kwargs):
        return machine(self.work, name, self.file(f"{disk}.disk"), **kwargs)


def install(day, name, uefi, **network):
    disk = day.new_disk(name)
    answers = day.answers(DISK="only", WIPE="yes", SERIAL="BOX1", SLOT_MB=SLOT_MB, THEN="poweroff", **network)
    with machine(day.work, f"{name}-install", disk, iso=day.iso, media=[answers], uefi=uefi) as box:
        with step(f"{name}: the image starts, installs unattended, switches off"):
            box.says(r"Installed on /dev/vda", INSTALL_SECS, unless=FAILURES)
            box.ends(BOOT_SECS)


def wait_for_tiers(box, channel):
    with step("LL-HLS, LL-DASH and TS of it are read"):
        for tier in (ll_hls, ll_dash, ts):
            box.machine.until(f"{tier.__name__} of {channel}", lambda tier=tier: tier(box, channel), MEDIA_SECS)


def first_boot(day, name, address="10.0.2.15", **firmware):
    with day.disk_machine(f"{name}-first", name, address=address, **firmware) as running:
        with step(f"{name}: it starts from the disk and shows its screen"):
            running.says(rf"Forebay {re.escape(day.version)} on forebay-[0-9a-f]{{4}}, slot A", BOOT_SECS, unless=FAILURES)
            running.says(rf"https://{re.escape(address)}/admin/", BOOT_SECS)
            code = running.says(r"Claim code   ([A-Z0-9]{4}-[A-Z0-9]{4})", BOOT_SECS).group(1)
            shown = running.says(r"SHA-256 ([0-9A-Fa-f:]+)", BOOT_SECS).group(1)
        box = Box(running)
        with step("it is claimed over HTTPS with the code and certificate of its console"):
            assert box.fingerprint() == shown.replace(":", "").lower(), "the console shows another certificate"
            box.claim(code)
        channel = box.add_channel("Pattern")
        wait_for_tiers(box, channel)
        with step("SSH is closed; no unit has failed"):
            assert box.is_closed_to_ssh(), "something answers on port 22"
            assert "Fault " not in running.output(), "the console shows a fault"


def bios(day):
    install(day, "bios", uefi=False)
    first_boot(day, "bios")


def uefi(day):
    install(day, "uefi", uefi=True, ADDRESS="10.0.2.77/24", GATEWAY="10.0.2.2")
    first_boot(day, "uefi", address="10.0.2.77", uefi=True, secure_boot=True)


def careful(day):
    disk = day.new_disk("careful")
    answers = day.answers(DISK="/dev/vda", SLOT_MB=SLOT_MB, THEN="poweroff")
    with machine(day.work, "careful", disk, iso=day.iso, media=[answers], uefi=True, secure_boot=True) as box:
        with step("Secure Boot; answers without WIPE=yes: nothing is written"):
            box.says(r"Not installed: forebay.conf does not say WIPE=yes", INSTALL_SECS)
    assert os.stat(disk).st_blocks == 0, "the disk was written to"


def attended(day):
    disk = day.new_disk("attended")
    with machine(day.work, "attended", disk, iso=day.iso) as box:
        with step("the menu shows; another name than the disk's changes nothing"):
            box.says(r"What is to be done", INSTALL_SECS)
            box.types("\r")
            box.says(r"Install on which disk", BOOT_SECS)
            box.types("\r")
            box.says(r"Type /dev/vda to go on", BOOT_SECS)
            box.types("/dev/sda\r")
            box.says(r"Nothing was changed", BOOT_SECS)
            assert os.stat(disk).st_blocks == 0, "the disk was written to"
        with step("with the disk's name it installs"):
            box.types("\r")
            box.says(r"What is to be done", BOOT_SECS)
            box.types("\r")
            box.says(r"Install on which disk", BOOT_SECS)
            box.types("\r")
            box.says(r"Type /dev/vda to go on", BOOT_SECS)
            box.types("/dev/vda\r")
            box.says(r"Installed on /dev/vda", INSTALL_SECS, unless=FAILURES)


DOWN, LEFT, SPACE, ENTER = "\x1b[B", "\x1b[D", " ", "\r"
NEW_PASSWORD = "slow blue harbour 23"


def chooses(running, entry):
    """The entry of that number in the menu."""
    running.says(r"What is to be done at this box", BOOT_SECS)
    running.types(DOWN * entry + ENTER)


def answers(running, *pairs):
    """Waits for each question and types what follows it."""
    for question, keys in pairs:
        running.says(question, BOOT_SECS)
        running.types(keys)


def changes_network(running, address, cards, *more):
    answers(
        running, (r"Which network cards", cards + ENTER), *more, (r"Where does the address come from", DOWN + ENTER),
        (r"Address with its prefix", address + ENTER), (r"Gateway, or nothing", ENTER), (r"Name servers", ENTER),
    )  # fmt: skip
    now = running.says(r"(?s)The box has now:(.*?)Keep the change", BOOT_SECS).group(1)
    assert f"{address} on " in now and "10.0.2.15" not in now, f"the box has {now}"


def network_by_menu(box):
    running = box.machine
    with step("a bond with a VLAN that nobody confirms goes back by itself"):
        chooses(running, 0)
        bond = (r"How do the cards work together", ENTER), (r"Number of the VLAN", "7" + ENTER)
        changes_network(running, "192.0.2.15/24", DOWN + SPACE, *bond)
        running.says(r"The network is as it was before", BOOT_SECS)
        running.until("readiness at the address before", lambda: box.get("/readyz"), BOOT_SECS)
        running.types(ENTER)
    with step("an address is kept"):
        chooses(running, 0)
        changes_network(running, "10.0.2.77/24", "", (r"Number of the VLAN", ENTER))
        answers(running, (r"Yes", LEFT + ENTER), (r"The network is kept", ENTER))


def menu(day):
    with day.disk_machine("menu", "attended", second_card=True) as running:
        with step("it starts, with a card more, and is claimed"):
            name = running.says(r"on (forebay-[0-9a-f]{4}), slot A", BOOT_SECS).group(1)
            code = running.says(r"Claim code   ([A-Z0-9]{4}-[A-Z0-9]{4})", BOOT_SECS).group(1)
            box = Box(running)
            running.until("readiness", lambda: box.get("/readyz"), BOOT_SECS)
            box.claim(code)
            known = box.fingerprint()
        running.types(ENTER)
        network_by_menu(box)
        with step("a time server; another password; then the power goes"):
            chooses(running, 1)
            answers(running, (r"Time servers, names or addresses", "ntp.example" + ENTER), (r"time servers are set", ENTER))
            chooses(running, 2)
            answers(running, (r"Whose password", ENTER), (r"New password for Ada", NEW_PASSWORD + ENTER), (r"Once more", NEW_PASSWORD + ENTER))
            running.says(r"Ada has another password", BOOT_SECS)
            running.kill()
    with day.disk_machine("menu-again", "attended", address="10.0.2.77") as running:
        box = Box(running)
        with step("it has the address that was kept, and takes the new password alone"):
            running.says(r"https://10\.0\.2\.77/admin/", BOOT_SECS)
            running.until("readiness", lambda: box.get("/readyz"), BOOT_SECS)
            box.sign_in(NEW_PASSWORD)
            box.api("POST", "/session", {"name": "Ada", "password": PASSWORD}, 403)
        with step("factory reset: not by another name; by its own it forgets everything"):
            running.types(ENTER)
            chooses(running, 4)
            answers(running, (rf"Type {name} to go on", "forebay" + ENTER), (r"Nothing was changed", ENTER))
            chooses(running, 4)
            answers(running, (rf"Type {name} to go on", name + ENTER))
            running.says(r"https://10\.0\.2\.15/admin/", BOOT_SECS)
            running.says(r"Claim code   [A-Z0-9]{4}-[A-Z0-9]{4}", BOOT_SECS)
            shown = running.says(r"SHA-256 ([0-9A-Fa-f:]+)", BOOT_SECS).group(1)
            assert shown.replace(":", "").lower() != known, "the certificate is still the one before"


CODES = {"older": "older", "other-product": "other-product", "truncated": "not-signed", "foreign": "not-signed", "unsigned": "not-signed"}


def brings(day, box, name):
    """Uploads the bundle of that name, and gives what the box makes of it."""
    bundle = day.file(f"{name}.raucb")
    subprocess.run(["mcopy", "-n", "-i", day.file(f"{name}.stick"), f"::/{name}.raucb", bundle], check=True)
    box.upload("/update/bundle", bundle)
    os.unlink(bundle)
    return stands(box, "accepted", "refused")


def stands(box, *states):
    """How the update stands, once it is one of these."""

    def look():
        now = box.api("GET", "/update", None, 200)[1]
        return now["state"] in states and not now["waiting"] and now

    return box.machine.until(f"an update that is {' or '.join(states)}", look, UPDATE_SECS)


def browser(day):
    with day.disk_machine("browser", "attended") as running:
        box = Box(running)
        with step("it starts, is claimed, and is kept"):
            code = running.says(r"Claim code   ([A-Z0-9]{4}-[A-Z0-9]{4})", BOOT_SECS).group(1)
            running.until("readiness", lambda: box.get("/readyz"), BOOT_SECS)
            box.claim(code)
            running.until("a version that is kept", lambda: box.api("GET", "/update", None, 200)[1]["kept"], BOOT_SECS)
        for name, code in CODES.items():
            with step(f"{name}: refused"):
                found = brings(day, box, name)
                assert (found["state"], found["code"]) == ("refused", code), found
        with step("an update is uploaded, accepted and cancelled"):
            found = brings(day, box, "update")
            assert (found["state"], found["offered"]) == ("accepted", f"{day.version}+1"), found
            box.api("POST", "/update/cancel", {}, 202)
            stands(box, "idle")
        with step("it is uploaded again, and written"):
            brings(day, box, "update")
            box.api("POST", "/update/apply", {}, 202)
            stands(box, "written")
        with step("it is started, and kept"):
            box.api("POST", "/update/restart", {}, 202)
            running.says(rf"Updated to {re.escape(day.version)}\+1", UPDATE_SECS)
            running.says(rf"Forebay {re.escape(day.version)}\+1 on forebay-[0-9a-f]{{4}}, slot B", BOOT_SECS)
            running.until("readiness", lambda: box.get("/readyz"), BOOT_SECS)
            box.sign_in()
            found = stands(box, "idle")
            assert (found["running"], found["slot"], found["last"]["outcome"]) == (f"{day.version}+1", "B", "updated"), found


def live(day):
    disk = day.new_disk("live")
    with machine(day.work, "live", disk, iso=day.iso) as running:
        with step("it is tried without being installed"):
            running.says(r"Try Forebay", BOOT_SECS)
            # Down, and Enter.
            running.types("\x1b[B\r")
            running.says(r"Not installed: what is set here is forgotten", BOOT_SECS)
            code = running.says(r"Claim code   ([A-Z0-9]{4}-[A-Z0-9]{4})", BOOT_SECS).group(1)
            box = Box(running)
            box.claim(code)
            wait_for_tiers(box, box.add_channel("Pattern"))
    assert os.stat(disk).st_blocks == 0, "the disk was written to"


REFUSED = {
    "older": r"its version, 0\.0\.1, is lower than",
    "other-product": r"it is for another product, another-amd64",
    "truncated": r"it is not whole, or not signed",
    "foreign": r"it is not whole, or not signed",
    "unsigned": r"it is not whole, or not signed",
}


def plays_on(box, after=0):
    """Signs in anew and waits until the channel plays, on the numbering that it had."""
    box.machine.until("readiness", lambda: box.get("/readyz"), BOOT_SECS)
    box.sign_in()
    wait_for_tiers(box, "pattern")
    number = box.machine.until("LL-HLS", lambda: ll_hls(box, "pattern"), MEDIA_SECS)
    assert number > after, f"media sequence {number} after {after}"
    return number


def cut_while_a_slot_is_written(day):
    with day.disk_machine("cut-slot") as running:
        with step("the power goes while an update is written"):
            plays_on(Box(running))
            running.plug_in(day.file("update.stick"), "update")
            running.says(r"Updating from", UPDATE_SECS, unless=r"update\.raucb is refused[^\r\n]*")
            blocks = os.stat(day.file("bios.disk")).st_blocks
            running.until("writing", lambda: os.stat(day.file("bios.disk")).st_blocks > blocks + MEGABYTES_BLOCKS, UPDATE_SECS)
            running.kill()


def refusals(day):
    cut_while_a_slot_is_written(day)
    with day.disk_machine("refusals") as running:
        with step("it starts again, from the slot that was not written"):
            running.says(r"slot A", BOOT_SECS)
            plays_on(Box(running))
        for name, reason in REFUSED.items():
            with step(f"{name}: refused"):
                running.plug_in(day.file(f"{name}.stick"), name)
                running.says(rf"The update {name}\.raucb is refused: {reason}", UPDATE_SECS)
                running.pull_out(name)


def updates(day):
    with day.disk_machine("updates") as running:
        box = Box(running)
        with step("it starts"):
            running.says(r"slot A", BOOT_SECS)
            number = plays_on(box)
        with step("an update is written"):
            running.plug_in(day.file("update.stick"), "update")
            running.says(rf"Restarting into {re.escape(day.version)}\+1", UPDATE_SECS, unless=r"update\.raucb is refused[^\r\n]*")
            number = running.until("LL-HLS", lambda: ll_hls(box, "pattern"), MEDIA_SECS)
        with step("the box starts from the other slot, and keeps it"):
            running.says(rf"Updated to {re.escape(day.version)}\+1", UPDATE_SECS)
            running.says(rf"Forebay {re.escape(day.version)}\+1 on forebay-[0-9a-f]{{4}}, slot B", BOOT_SECS)
        number = plays_on(box, number)
        running.pull_out("update")
        with step("one that does not start is written"):
            running.plug_in(day.file("broken.stick"), "broken")
            running.says(rf"Restarting into {re.escape(day.version)}\+2", UPDATE_SECS, unless=r"broken\.raucb is refused[^\r\n]*")
        with step("it does not serve, and the box goes back"):
            running.says(r"does not serve: going back to slot B", UPDATE_SECS)
            running.says(rf"The update to {re.escape(day.version)}\+2 did not come up", UPDATE_SECS)
        with step("the stick is still there: it is not tried again"):
            running.says(r"refused: this box has tried it before", UPDATE_SECS)
        plays_on(box, number)


def until_the_cut(box, number, chance):
    """Makes channels until the power goes, at a moment that nobody knows. The slugs of those that the box has acknowledged."""
    acknowledged = set()
    end = time.monotonic() + chance.uniform(1, CUT_WITHIN_SECS)
    while time.monotonic() < end:
        wanted = {"name": f"Cut {number} {len(acknowledged)}", "source": "rtmp", "start": False}
        acknowledged.add(box.api("POST", "/channels", wanted, 201)[1]["slug"])
    box.machine.kill()
    return acknowledged


def cuts(day):
    seed = int(os.environ.get("ISO_TEST_SEED", time.time_ns()))
    print(f"power cuts: ISO_TEST_SEED={seed}", flush=True)
    chance, acknowledged = random.Random(seed), set()
    for number in range(POWER_CUTS + 1):
        with day.disk_machine(f"cut-{number}") as running:
            box = Box(running)
            with step(f"it comes back after {number} cuts, with {len(acknowledged)} channels made since the first"):
                plays_on(box)
                lost = acknowledged - box.channels().keys()
                assert not lost, f"lost: {lost}"
            if number < POWER_CUTS:
                acknowledged |= until_the_cut(box, number, chance)


STORIES = {story.__name__: story for story in (careful, bios, refusals, updates, cuts, uefi, attended, menu, browser, live)}


def main(out, *names):
    day = Day(os.path.abspath(out))
    for name in names or STORIES:
        with step(f"== {name}"):
            STORIES[name](day)
    print("All stories ended well.")


main(*sys.argv[1:])
