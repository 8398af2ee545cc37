//! Program specific information (ISO/IEC 13818-1 2.4.4): one program of one video and at most one audio stream.

/// One packet.
pub(super) const PACKET_BYTES: usize = 188;

/// "PID 0x0000: Program Association Table" (table 2-3).
pub(super) const PAT_PID: u16 = 0x0000;
pub(super) const PMT_PID: u16 = 0x1000;
pub(super) const VIDEO_PID: u16 = 0x0100;
pub(super) const AUDIO_PID: u16 = 0x0101;

const TABLE_PAT: u8 = 0x00;
const TABLE_PMT: u8 = 0x02;
const PROGRAM: u16 = 1;

/// Table 2-34: "AVC video stream".
const STREAM_TYPE_AVC: u8 = 0x1b;
/// Table 2-34: "ISO/IEC 13818-7 Audio with ADTS transport syntax".
const STREAM_TYPE_ADTS: u8 = 0x0f;

/// The program association section.
pub(super) fn pat() -> Vec<u8> {
    let [program, pid] = [PROGRAM.to_be_bytes(), (0xe000 | PMT_PID).to_be_bytes()];
    section(TABLE_PAT, &[program, pid].concat())
}

/// The program map section.
pub(super) fn pmt(has_audio: bool) -> Vec<u8> {
    let [pcr_high, pcr_low] = (0xe000 | VIDEO_PID).to_be_bytes();
    let mut body = vec![pcr_high, pcr_low, 0xf0, 0x00];
    body.extend(stream(STREAM_TYPE_AVC, VIDEO_PID));
    if has_audio {
        body.extend(stream(STREAM_TYPE_ADTS, AUDIO_PID));
    }
    section(TABLE_PMT, &body)
}

fn stream(stream_type: u8, pid: u16) -> [u8; 5] {
    let [high, low] = (0xe000 | pid).to_be_bytes();
    [stream_type, high, low, 0xf0, 0x00]
}

/// A whole section: version 0, current, the only one of its table; both tables have 1 for their extension
/// (transport stream id, program number).
fn section(table: u8, body: &[u8]) -> Vec<u8> {
    // section_length counts what follows it: five bytes of header, the body, four of CRC.
    let length = u16::try_from(5 + body.len() + 4).expect("the tables here have at most a few dozen bytes");
    let [length_high, length_low] = (0xb000 | length).to_be_bytes();
    let [extension_high, extension_low] = PROGRAM.to_be_bytes();
    let mut section =
        vec![table, length_high, length_low, extension_high, extension_low, 0b1100_0001, 0x00, 0x00];
    section.extend_from_slice(body);
    section.extend(crc32(&section).to_be_bytes());
    section
}

/// Annex A: polynomial 0x04c11db7, from all ones, neither reflected nor inverted.
fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_mpeg_2() {
        assert_eq!(crc32(b"123456789"), 0x0376_e6e7);
    }

    #[test]
    fn a_section_with_its_crc_sums_to_zero() {
        for section in [pat(), pmt(false), pmt(true)] {
            assert_eq!(crc32(&section), 0);
        }
    }
}
