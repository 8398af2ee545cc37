#!/usr/bin/env python3
"""Runs end-to-end test files beside each other: they wait for media most of the time.

    tests/together.py JOBS [FILE ...] [-- ARGUMENTS OF EACH]

Without a name, all of them. Each file is a test binary of its own, whose tests run one after the other. Files begin in the
order given: the longest first keeps the whole short. What a file printed comes in one piece when it has ended. Exit code 1 when any failed; the
others still run to their end, so that one run tells all.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent
WORKSPACE = TESTS.parent
POLL_SECONDS = 0.2
# Parts of a fifth of a second leave a player no reserve for what runs beside it: these run last, one at a time.
ALONE = ["low_latency"]
# Where none are named these begin first: each takes minutes.
LONGEST = ["scale", "edge", "continuity", "source_faults", "admin_ui", "judge", "drill", "backups", "api_schema"]


def binaries(files):
    """Builds them; by their names."""
    command = ["cargo", "test", "--locked", "-p", "e2e", "--no-run", "--message-format=json"]
    command += [word for file in files for word in ("--test", file)] or ["--tests"]
    built = subprocess.run(command, cwd=WORKSPACE, stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        messages = (json.loads(line) for line in built.stdout.splitlines())
        said = (message["message"]["rendered"] for message in messages if message.get("message"))
        sys.exit("".join(said) + "the end-to-end tests do not compile")
    found = {}
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable") and message["profile"]["test"]:
            found[message["target"]["name"]] = message["executable"]
    return found


def longest_first(names):
    return sorted(names, key=lambda name: (LONGEST.index(name) if name in LONGEST else len(LONGEST), name))


def may_begin(name, running, jobs):
    return not running if name in ALONE else len(running) < jobs


class Running:
    """One file under way."""

    def __init__(self, name, binary, arguments):
        self.name, self.began = name, time.monotonic()
        self.process = subprocess.Popen([binary, *arguments], cwd=TESTS, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = bytearray()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for piece in iter(lambda: self.process.stdout.read1(65536), b""):
            self.said += piece

    def has_ended(self):
        return self.process.poll() is not None

    def tell(self):
        """Whether it passed."""
        self.reader.join()
        passed = self.process.returncode == 0
        seconds = round(time.monotonic() - self.began)
        print(f"--- {self.name}: {'passed' if passed else 'FAILED'} after {seconds} s", flush=True)
        print(self.said.decode(errors="replace").strip(), flush=True)
        return passed


def main():
    words, arguments = sys.argv[1:], []
    if "--" in words:
        at = words.index("--")
        words, arguments = words[:at], words[at + 1:]
    jobs, waiting = int(words[0]), words[1:]
    programs = binaries(waiting)
    waiting = sorted(waiting or longest_first(programs), key=lambda name: name in ALONE)
    running, failed, began = [], [], time.monotonic()
    # An interrupted run leaves nothing behind: each test ends what it started when its own process is told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("interrupted"))
    try:
        while waiting or running:
            while waiting and may_begin(waiting[0], running, jobs):
                name = waiting.pop(0)
                print(f"--- {name}: begins", flush=True)
                running.append(Running(name, programs[name], arguments))
            time.sleep(POLL_SECONDS)
            for each in [each for each in running if each.has_ended()]:
                running.remove(each)
                if not each.tell():
                    failed.append(each.name)
    finally:
        for each in running:
            each.process.terminate()
    print(f"--- {round(time.monotonic() - began)} s in all; " + (f"FAILED: {' '.join(failed)}" if failed else "all passed"))
    sys.exit(1 if failed else 0)


main()
