"""Receivers of alarms that know nothing of Forebay: HTTP(S), syslog over TCP, TLS and UDP, SMTP. Each notice that comes is
one line of JSON on standard output; the first line tells where they listen. Usage: receivers.py FOLDER WEBHOOK_SECRET"""
import asyncio, base64, hashlib, hmac, json, re, ssl, subprocess, sys

folder, secret = sys.argv[1], sys.argv[2]
def openssl(*args):
    subprocess.run(["openssl", *args], check=True, cwd=folder, capture_output=True)
openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=receivers")
open(folder + "/ext", "w").write("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", "cert.pem")
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")

def tell(**what):
    print(json.dumps(what), flush=True)

# https://www.standardwebhooks.com: HMAC-SHA256 of "id.timestamp.body" in base64, keyed with what follows whsec_.
def signed(headers, body):
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return hmac.compare_digest("v1," + digest, headers["webhook-signature"])

async def http(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    raw = re.findall(r"(?i)^webhook-signature: (.*)\r$", head, re.M)
    headers["webhook-signature"] = raw[0] if raw else ""
    body = await reader.readexactly(int(headers["content-length"]))
    path = head.split(" ")[1]
    if path == "/moved":
        answer = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    else:
        tell(by="http", path=path, signed=signed(headers, body), body=json.loads(body))
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks"
    writer.write(answer)
    await writer.drain()
    writer.close()

# RFC 5424, 6, to the letter for what is used of it.
SYSLOG = re.compile(
    r"<(?P<pri>0|[1-9][0-9]{0,2})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) "
    r"(?P<proc>[!-~]{1,128}) (?P<msgid>[!-~]{1,32}) \[(?P<sdid>[!#-<>-\\^-~]{1,32})(?P<params>( [!#-<>-\\^-~]{1,32}=\"([^\"\\\]]|\\.)*\")*)\] "
    r"\ufeff(?P<text>[^\n]*)")

def syslog(by, message):
    found = SYSLOG.fullmatch(message.decode("utf-8"))
    tell(by=by, strict=bool(found) and len(message) <= 2048, **(found.groupdict() if found else {"raw": message.decode()}))

# RFC 6587, 3.4.1: octets counted.
def counted(by):
    async def serve(reader, writer):
        data = await reader.read()
        while data:
            count, rest = data.split(b" ", 1)
            assert re.fullmatch(rb"[1-9][0-9]*", count)
            syslog(by, rest[:int(count)])
            data = rest[int(count):]
        writer.close()
    return serve

class Udp(asyncio.DatagramProtocol):
    def datagram_received(self, data, _):
        syslog("udp", data)

async def smtp(reader, writer):
    async def say(line):
        writer.write(line.encode() + b"\r\n")
        await writer.drain()
    await say("220 receivers")
    user, encrypted, to = None, False, []
    while line := (await reader.readline()).decode().strip():
        verb = line.split(" ")[0].upper()
        if verb == "EHLO":
            await say("250-receivers")
            await say("250 AUTH PLAIN" if encrypted else "250 STARTTLS")
        elif verb == "STARTTLS":
            await say("220 go on")
            await writer.start_tls(tls)
            encrypted = True
        elif verb == "AUTH":
            user = base64.b64decode(line.split(" ")[2]).split(b"\0")[1:]
            await say("235 welcome" if user == [b"box", b"mail pass word 5"] else "535 who are you?")
        elif verb == "DATA":
            await say("354 go on")
            text = (await reader.readuntil(b"\r\n.\r\n")).decode()
            tell(by="smtp", encrypted=encrypted, authenticated=user is not None, to=to, text=text)
            await say("250 taken as 42")
        elif verb == "QUIT":
            await say("221 bye")
            break
        else:
            if verb == "RCPT":
                to.append(line)
            await say("250 fine")
    writer.close()

async def silent(reader, writer):
    await reader.read()

async def main():
    here, ports = "127.0.0.1", {}
    async def listen(name, serve, context=None):
        server = await asyncio.start_server(serve, here, 0, ssl=context)
        ports[name] = server.sockets[0].getsockname()[1]
    await listen("http", http)
    await listen("https", http, tls)
    await listen("tcp", counted("tcp"))
    await listen("tls", counted("tls"), tls)
    await listen("smtp", smtp)
    await listen("silent", silent)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Udp, (here, 0))
    ports["udp"] = transport.get_extra_info("sockname")[1]
    tell(ports=ports, ca=open(folder + "/ca.pem").read())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
