//! The handshake (5.2), the simple one.
//!
//! Clients that know the digest of Flash Media Server 3 (FFmpeg, some librtmp) put a version into C1 and look for
//! one in S1; with zeros there ("zero (4 bytes): This field MUST be all 0s") they fall back to the simple form.

use bytes::{BufMut, BytesMut};

/// "The C1 and S1 packets are 1536 octets long."
pub(crate) const HANDSHAKE_BYTES: usize = 1536;

/// "In this specification, the version is 3."
const VERSION: u8 = 3;

/// What the client has sent of C0, C1 and C2.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    /// C0 and C1, until answered.
    hello: Vec<u8>,
    /// Bytes of C2 seen; what is in them does not matter.
    echo_bytes: usize,
}

/// The first byte was not an RTMP version; it is kept here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotRtmp(pub(crate) u8);

impl Handshake {
    /// Takes what it needs from `input`, writes the answer to `answer`, and says whether it is done.
    pub(crate) fn advance(&mut self, input: &mut &[u8], answer: &mut BytesMut) -> Result<bool, NotRtmp> {
        if self.hello.len() < 1 + HANDSHAKE_BYTES {
            let (now, later) = input.split_at(input.len().min(1 + HANDSHAKE_BYTES - self.hello.len()));
            self.hello.extend_from_slice(now);
            *input = later;
            self.check_version()?;
            if self.hello.len() < 1 + HANDSHAKE_BYTES {
                return Ok(false);
            }
            write_answer(&self.hello[1..], answer);
        }
        let skip = input.len().min(HANDSHAKE_BYTES - self.echo_bytes);
        *input = &input[skip..];
        self.echo_bytes += skip;
        Ok(self.echo_bytes == HANDSHAKE_BYTES)
    }

    fn check_version(&self) -> Result<(), NotRtmp> {
        match self.hello.first() {
            Some(&version) if version != VERSION => Err(NotRtmp(version)),
            _ => Ok(()),
        }
    }

    pub(crate) fn buffered_bytes(&self) -> usize {
        self.hello.len()
    }
}

/// S0, S1 and S2. "Random data: [...] there is no need for cryptographically-secure randomness".
fn write_answer(client_hello: &[u8], answer: &mut BytesMut) {
    answer.put_u8(VERSION);
    answer.put_u64(0);
    answer.extend((0..HANDSHAKE_BYTES - 8).map(|at| (at * 197 + 61) as u8));
    answer.put_slice(client_hello);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_the_hello_with_its_echo_and_leaves_the_rest() {
        let (mut handshake, mut answer) = (Handshake::default(), BytesMut::new());
        let mut hello = vec![VERSION];
        hello.extend([9, 8, 7, 6, 9, 0, 124, 2]);
        hello.resize(1 + HANDSHAKE_BYTES, 0x55);
        assert!(!handshake.advance(&mut &hello[..700], &mut answer).unwrap());
        assert!(answer.is_empty());
        assert!(!handshake.advance(&mut &hello[700..], &mut answer).unwrap());
        assert_eq!(answer.len(), 1 + 2 * HANDSHAKE_BYTES);
        assert_eq!(answer[5..9], [0; 4], "no version: digest clients fall back");
        assert_eq!(answer[1 + HANDSHAKE_BYTES..], hello[1..]);
        let mut rest = &[0u8; HANDSHAKE_BYTES + 2][..];
        assert!(handshake.advance(&mut rest, &mut answer).unwrap());
        assert_eq!(rest.len(), 2);
    }

    #[test]
    fn other_protocols_are_recognised_by_their_first_byte() {
        let refused = Handshake::default().advance(&mut &b"GET /"[..], &mut BytesMut::new());
        assert_eq!(refused, Err(NotRtmp(b'G')));
    }
}
