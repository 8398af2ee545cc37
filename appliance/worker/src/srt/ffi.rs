//! libsrt, fenced in: the dozen functions that a listener needs, as safe types. Constants are those of `srt.h` 1.5.
#![expect(unsafe_code, reason = "libsrt is C")]

use super::streamid::Refusal;
use bytes::{BufMut, BytesMut};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Duration;

/// A libsrt socket. Copies name the same one; libsrt answers with an error when it has been closed, and does not give
/// its number to another for a long time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Socket(pub(super) c_int);

#[repr(C)]
#[derive(Clone, Copy)]
struct EpollEvent {
    socket: c_int,
    events: c_int,
}

type ListenCallback = extern "C" fn(*mut c_void, c_int, c_int, *const c_void, *const c_char) -> c_int;

// Linked by build.rs, through pkg-config.
unsafe extern "C" {
    fn srt_startup() -> c_int;
    fn srt_setloglevel(level: c_int);
    fn srt_create_socket() -> c_int;
    fn srt_setsockflag(socket: c_int, option: c_int, value: *const c_void, len: c_int) -> c_int;
    fn srt_bind(socket: c_int, name: *const c_void, len: c_int) -> c_int;
    fn srt_listen(socket: c_int, backlog: c_int) -> c_int;
    fn srt_listen_callback(socket: c_int, callback: ListenCallback, opaque: *mut c_void) -> c_int;
    fn srt_setrejectreason(socket: c_int, reason: c_int) -> c_int;
    fn srt_getsockname(socket: c_int, name: *mut c_void, len: *mut c_int) -> c_int;
    fn srt_accept(socket: c_int, name: *mut c_void, len: *mut c_int) -> c_int;
    fn srt_recvmsg(socket: c_int, buffer: *mut u8, len: c_int) -> c_int;
    fn srt_close(socket: c_int) -> c_int;
    fn srt_epoll_create() -> c_int;
    fn srt_epoll_add_usock(poll: c_int, socket: c_int, events: *const c_int) -> c_int;
    fn srt_epoll_remove_usock(poll: c_int, socket: c_int) -> c_int;
    fn srt_epoll_uwait(poll: c_int, events: *mut EpollEvent, len: c_int, timeout_ms: i64) -> c_int;
    fn srt_epoll_release(poll: c_int) -> c_int;
    fn srt_getlasterror(errno: *mut c_int) -> c_int;
    fn srt_getlasterror_str() -> *const c_char;
}

const SRTO_RCVSYN: c_int = 2;
const SRTO_RCVLATENCY: c_int = 43;
const SRTO_IPV6ONLY: c_int = 54;
const SRT_EPOLL_IN: c_int = 0x1;
const SRT_EPOLL_ERR: c_int = 0x8;
const SRT_EASYNCRCV: c_int = 6002;
const LOG_CRIT: c_int = 2;
/// Handshakes that wait to be accepted.
const BACKLOG: c_int = 16;
/// A live packet carries at most this much.
const PACKET_BYTES_MAX: usize = 1456;
/// Sockets reported in one turn.
const EVENTS_MAX: usize = 32;

/// What libsrt said.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Error(String);

impl Error {
    /// Of the call just made, on this thread.
    fn last() -> Self {
        // SAFETY: libsrt returns a string that stays until this thread's next call; copied at once.
        Self(unsafe { CStr::from_ptr(srt_getlasterror_str()) }.to_string_lossy().into_owned())
    }
}

fn check(code: c_int) -> Result<c_int, Error> {
    if code < 0 { Err(Error::last()) } else { Ok(code) }
}

/// Starts libsrt, once or more often, and keeps it from logging: its lines may carry stream ids, which are secrets.
pub(super) fn startup() {
    // SAFETY: both may be called at any time, from any thread.
    unsafe {
        srt_startup();
        srt_setloglevel(LOG_CRIT);
    }
}

/// Judges publishers while libsrt shakes hands with them, on libsrt's own thread.
pub(super) trait Door: Sync {
    /// Lets the publisher in, or says why not. `socket` is the one that accepting will return.
    fn admit(&self, socket: Socket, peer: SocketAddr, streamid: &[u8]) -> Result<(), Refusal>;
}

/// A listening socket.
pub(super) struct Listener {
    socket: Socket,
    port: u16,
}

impl Listener {
    /// Listens at `addr`; port 0 means any free one.
    pub(super) fn bind<D: Door>(addr: SocketAddr, latency_ms: u32, door: &'static D) -> Result<Self, Error> {
        // SAFETY: no preconditions once libsrt has been started.
        let socket = Socket(check(unsafe { srt_create_socket() })?);
        Self::prepare(socket, addr, latency_ms, door).inspect_err(|_| socket.close())
    }

    fn prepare<D: Door>(
        socket: Socket,
        addr: SocketAddr,
        latency_ms: u32,
        door: &'static D,
    ) -> Result<Self, Error> {
        socket.set(SRTO_RCVSYN, 0)?;
        socket.set(SRTO_RCVLATENCY, c_int::try_from(latency_ms).unwrap_or(c_int::MAX))?;
        if addr.is_ipv6() {
            // libsrt wants it said: IPv4 publishers may come to the IPv6 wildcard as well.
            socket.set(SRTO_IPV6ONLY, 0)?;
        }
        let (name, len) = sockaddr(addr);
        let mut bound = [0u8; SOCKADDR_BYTES];
        let mut bound_len = SOCKADDR_BYTES as c_int;
        let opaque = ptr::from_ref(door).cast_mut().cast::<c_void>();
        // SAFETY: the names are laid out as the kernel's and as long as said; the door lives for ever, and the callback
        // is the one for its type.
        unsafe {
            check(srt_bind(socket.0, name.as_ptr().cast(), len))?;
            check(srt_listen_callback(socket.0, callback::<D>, opaque))?;
            check(srt_listen(socket.0, BACKLOG))?;
            check(srt_getsockname(socket.0, bound.as_mut_ptr().cast(), &raw mut bound_len))?;
        }
        let port = parse_sockaddr(&bound).map_or(0, |addr| addr.port());
        Ok(Self { socket, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn socket(&self) -> Socket {
        self.socket
    }

    /// The next connection whose handshake is done, if there is one.
    pub(super) fn accept(&self) -> Option<Socket> {
        // SAFETY: null says that the peer's name is not wanted.
        let socket = unsafe { srt_accept(self.socket.0, ptr::null_mut(), ptr::null_mut()) };
        (socket >= 0).then_some(Socket(socket))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.socket.close();
    }
}

extern "C" fn callback<D: Door>(
    opaque: *mut c_void,
    socket: c_int,
    _version: c_int,
    peer: *const c_void,
    streamid: *const c_char,
) -> c_int {
    // SAFETY: `opaque` is the `&'static D` of `prepare`. A peer of libsrt is a whole sockaddr of its family, of which
    // the first bytes tell how long it is; a stream id ends with a zero.
    let (door, peer, streamid) = unsafe {
        let door = &*opaque.cast::<D>();
        let streamid = if streamid.is_null() { c"" } else { CStr::from_ptr(streamid) };
        (door, peer_address(peer.cast()), streamid)
    };
    let judge = || door.admit(Socket(socket), peer, streamid.to_bytes());
    // A panic must not run through libsrt.
    match catch_unwind(AssertUnwindSafe(judge)).unwrap_or(Err(Refusal::Down)) {
        Ok(()) => 0,
        Err(refusal) => {
            // SAFETY: the socket exists while its handshake is judged.
            unsafe { srt_setrejectreason(socket, refusal as c_int) };
            -1
        }
    }
}

/// What there was to receive.
pub(super) enum Received {
    /// Something, appended.
    Some,
    /// Nothing at the moment.
    Nothing,
    /// Nothing ever more, and why.
    Ended(String),
}

impl Socket {
    /// Appends one packet's content, if there is one.
    pub(super) fn receive(self, to: &mut BytesMut) -> Received {
        let mut packet = [0u8; PACKET_BYTES_MAX];
        // SAFETY: the buffer is as long as said; a longer packet is cut by libsrt.
        let (len, error) = unsafe {
            let len = srt_recvmsg(self.0, packet.as_mut_ptr(), PACKET_BYTES_MAX as c_int);
            (len, if len < 0 { srt_getlasterror(ptr::null_mut()) } else { 0 })
        };
        match usize::try_from(len) {
            Ok(0) => Received::Ended("the publisher ended the connection".into()),
            Ok(len) => {
                to.put_slice(&packet[..len]);
                Received::Some
            }
            Err(_) if error == SRT_EASYNCRCV => Received::Nothing,
            Err(_) => Received::Ended(Error::last().to_string()),
        }
    }

    pub(super) fn close(self) {
        // SAFETY: closing what is closed is an error without effect.
        unsafe { srt_close(self.0) };
    }

    fn set(self, option: c_int, value: c_int) -> Result<(), Error> {
        let (value, len) = (ptr::from_ref(&value).cast(), size_of::<c_int>() as c_int);
        // SAFETY: all options used here are integers or booleans, for which libsrt takes four bytes.
        check(unsafe { srt_setsockflag(self.0, option, value, len) }).map(drop)
    }
}

/// Waits for many sockets at once.
pub(super) struct Poll(c_int);

impl Poll {
    pub(super) fn new() -> Self {
        // SAFETY: no preconditions.
        Self(unsafe { srt_epoll_create() })
    }

    pub(super) fn add(&self, socket: Socket) {
        let events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
        // SAFETY: the events are read at once. A socket that has gone meanwhile is refused, and never reported.
        unsafe { srt_epoll_add_usock(self.0, socket.0, &raw const events) };
    }

    pub(super) fn remove(&self, socket: Socket) {
        // SAFETY: removing what is not there is an error without effect.
        unsafe { srt_epoll_remove_usock(self.0, socket.0) };
    }

    /// Sockets with something to receive or to accept, or that have ended.
    pub(super) fn wait(&self, most: Duration) -> Vec<Socket> {
        let mut events = [EpollEvent { socket: 0, events: 0 }; EVENTS_MAX];
        // SAFETY: the array is as long as said.
        let count = unsafe {
            srt_epoll_uwait(self.0, events.as_mut_ptr(), EVENTS_MAX as c_int, most.as_millis() as i64)
        };
        let count = usize::try_from(count).unwrap_or(0).min(EVENTS_MAX);
        events[..count].iter().map(|event| Socket(event.socket)).collect()
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        // SAFETY: released once.
        unsafe { srt_epoll_release(self.0) };
    }
}

/// `struct sockaddr_in6`, the larger of the two.
const SOCKADDR_BYTES: usize = 28;
const SOCKADDR_IN_BYTES: usize = 16;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// As the kernel lays it out: family (native order), port (big-endian), then the address.
fn sockaddr(addr: SocketAddr) -> ([u8; SOCKADDR_BYTES], c_int) {
    let mut name = [0; SOCKADDR_BYTES];
    name[2..4].copy_from_slice(&addr.port().to_be_bytes());
    let (family, len) = match addr.ip() {
        IpAddr::V4(ip) => {
            name[4..8].copy_from_slice(&ip.octets());
            (AF_INET, SOCKADDR_IN_BYTES)
        }
        IpAddr::V6(ip) => {
            name[8..24].copy_from_slice(&ip.octets());
            (AF_INET6, SOCKADDR_BYTES)
        }
    };
    name[..2].copy_from_slice(&family.to_ne_bytes());
    (name, len as c_int)
}

fn parse_sockaddr(name: &[u8; SOCKADDR_BYTES]) -> Option<SocketAddr> {
    let port = u16::from_be_bytes([name[2], name[3]]);
    let ip = match u16::from_ne_bytes([name[0], name[1]]) {
        AF_INET => IpAddr::V4(Ipv4Addr::from(*name[4..].first_chunk::<4>()?)),
        AF_INET6 => IpAddr::V6(Ipv6Addr::from(*name[8..].first_chunk::<16>()?)),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// # Safety
/// `peer` must point to a `sockaddr_in` or `sockaddr_in6`, whole for its family.
unsafe fn peer_address(peer: *const u8) -> SocketAddr {
    let mut name = [0; SOCKADDR_BYTES];
    // SAFETY: both kinds begin with two bytes of family, and have the length that the family says.
    unsafe {
        ptr::copy_nonoverlapping(peer, name.as_mut_ptr(), 2);
        let is_ipv4 = u16::from_ne_bytes([name[0], name[1]]) == AF_INET;
        let len = if is_ipv4 { SOCKADDR_IN_BYTES } else { SOCKADDR_BYTES };
        ptr::copy_nonoverlapping(peer, name.as_mut_ptr(), len);
    }
    let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    // An IPv4 publisher of an IPv6 listener is shown as what it is.
    parse_sockaddr(&name).map_or(unknown, |addr| SocketAddr::new(addr.ip().to_canonical(), addr.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_kernels_layout() {
        for addr in ["127.0.0.1:9000", "[2001:db8::1]:1"] {
            let addr: SocketAddr = addr.parse().unwrap();
            assert_eq!(parse_sockaddr(&sockaddr(addr).0), Some(addr));
        }
        assert_eq!(parse_sockaddr(&[0xFF; SOCKADDR_BYTES]), None);
    }
}
