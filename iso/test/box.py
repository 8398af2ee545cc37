"""The box as its operator and its viewers see it: HTTPS, the API, the three tiers."""

import hashlib
import http.client
import json
import re
import socket
import ssl

PASSWORD = "tall green kettle 17"
TIMEOUT_SECS = 60
# A bundle is on the disk before it is answered.
UPLOAD_SECS = 900
# What the firewall drops gives no answer; what nobody listens on is refused at once.
SILENCE_SECS = 10


class Box:
    """Of a machine that runs."""

    def __init__(self, machine):
        self.machine, self.cookie = machine, None

    def ask(self, method, path, body=None):
        """Status, headers and bytes."""
        context = ssl.create_default_context()
        # The certificate is judged by its fingerprint instead.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        timeout = UPLOAD_SECS if isinstance(body, bytes) else TIMEOUT_SECS
        connection = http.client.HTTPSConnection("127.0.0.1", self.machine.https, timeout=timeout, context=context)
        try:
            headers = {"Cookie": self.cookie} if self.cookie else {}
            headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path):
        """The bytes, or nothing while they are not there."""
        try:
            status, _, body = self.ask("GET", path)
        except (OSError, http.client.HTTPException):
            return None
        return body if status == 200 else None

    def upload(self, path, bundle):
        """A file as it is."""
        with open(bundle, "rb") as file:
            return self.api("PUT", path, file.read(), 200)[1]

    def api(self, method, path, body, expect):
        status, headers, answer = self.ask(method, f"/api/v1{path}", body)
        assert status == expect, f"{method} {path}: {status} {answer[:400]}"
        return headers, json.loads(answer or b"null")

    def fingerprint(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.machine.https, timeout=TIMEOUT_SECS, context=context)
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
        connection.close()
        return hashlib.sha256(certificate).hexdigest()

    def is_closed_to_ssh(self):
        """Not refused by the box, which would close the connection, but not heard by it at all."""
        with socket.create_connection(("127.0.0.1", self.machine.ssh), SILENCE_SECS) as client:
            try:
                client.recv(1)
            except TimeoutError:
                return True
            except ConnectionError:
                pass
            return False

    def claim(self, code):
        headers, _ = self.api("POST", "/claim", {"code": code, "name": "Ada", "password": PASSWORD}, 201)
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def sign_in(self, password=PASSWORD):
        headers, _ = self.api("POST", "/session", {"name": "Ada", "password": password}, 201)
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def channels(self):
        return {channel["slug"]: channel for channel in self.api("GET", "/channels", None, 200)[1]["channels"]}

    def add_channel(self, name):
        # As small as a canvas may be: without KVM a core does the work of a tenth of one.
        ladder = [{"width": 160, "height": 90, "bitrate_bps": 100_000}]
        return self.api("POST", "/channels", {"name": name, "source": "test-pattern", "ladder": ladder}, 201)[1]["slug"]


def lines(playlist):
    return [line for line in playlist.decode().splitlines() if line and not line.startswith("#")]


def media_playlist(box, master):
    """Path and text of the first media playlist of a multivariant playlist."""
    text = box.get(master)
    if not text or not lines(text):
        return None
    path = f"{master.rsplit('/', 1)[0]}/{lines(text)[0]}"
    playlist = box.get(path)
    return playlist and (path, playlist.decode())


def ll_hls(box, channel):
    """A part that the playlist names: its bytes are a CMAF chunk. Also the media sequence number."""
    found = media_playlist(box, f"/live/{channel}/master.m3u8")
    if not found:
        return None
    path, playlist = found
    parts = re.findall(r'#EXT-X-PART:[^\n]*URI="([^"]+)"', playlist)
    part = parts and box.get(f"{path.rsplit('/', 1)[0]}/{parts[-1]}")
    number = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", playlist)
    return int(number.group(1)) if part and b"moof" in part and number else None


def ll_dash(box, channel):
    """The segment that the manifest's own numbers name as the newest whole one."""
    manifest = box.get(f"/live/{channel}/manifest.mpd")
    found = manifest and re.search(rb'availabilityTimeOffset="[0-9.]+"', manifest)
    representation = found and re.search(rb'<Representation[^>]*\bid="([^"]+)"', manifest)
    template = found and re.search(rb'media="([^"]+)"', manifest)
    number = ll_hls(box, channel)
    if not (representation and template and number):
        return None
    path = template.group(1).decode().replace("$RepresentationID$", representation.group(1).decode())
    # The oldest of the playlist's window is whole, and has the same number here as there.
    segment = box.get(f"/live/{channel}/{path.replace('$Number$', str(number + 1))}")
    return bool(segment) and b"moof" in segment


def ts(box, channel):
    """A segment of the TS tier: packets of 188 bytes, each with its sync byte."""
    found = media_playlist(box, f"/live/{channel}/ts/master.m3u8")
    if not found:
        return None
    path, playlist = found
    segments = lines(playlist.encode())
    segment = segments and box.get(f"{path.rsplit('/', 1)[0]}/{segments[-1]}")
    return bool(segment) and len(segment) % 188 == 0 and set(segment[::188]) == {0x47}
