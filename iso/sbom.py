#!/usr/bin/env python3
"""sbom.py VERSION PACKAGES CARGO_LOCK: a CycloneDX list of what is in the image: Debian's packages and the crates of the daemon."""

import json
import os
import sys
import tomllib
from urllib.parse import quote


def debian(line):
    name, version, architecture, source = line.split()
    purl = f"pkg:deb/debian/{name}@{quote(version, safe='')}?arch={architecture}&distro={os.environ['SUITE']}"
    properties = [{"name": "debian:source", "value": source}]
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "properties": properties}


def crate(package):
    name, version = package["name"], package["version"]
    purl = f"pkg:cargo/{name}@{version}"
    hashes = [{"alg": "SHA-256", "content": package["checksum"]}]
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "hashes": hashes}


def main(version, packages, lock):
    with open(packages, encoding="utf-8") as lines:
        parts = [debian(line) for line in lines if not line.startswith("forebay ")]
    with open(lock, "rb") as file:
        # What has a checksum comes from a registry; the rest is ours.
        parts += [crate(package) for package in tomllib.load(file)["package"] if "checksum" in package]
    product = {"type": "operating-system", "name": "forebay", "version": version}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": product}, "components": parts}
    json.dump(bom, sys.stdout, indent=1)
    print()


main(*sys.argv[1:])
