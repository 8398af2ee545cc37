//! The chunk stream against what publishers send, and against what broke others.

use super::*;
use proptest::prelude::*;

fn reader(allowance: Allowance) -> Reader {
    Reader { allowance, ..Reader::default() }
}

fn read_all(reader: &mut Reader, mut input: &[u8]) -> Result<Vec<Message>, ChunkError> {
    let mut messages = Vec::new();
    while let Some(message) = reader.read(&mut input)? {
        messages.push(message);
    }
    assert!(input.is_empty());
    Ok(messages)
}

fn timestamps(input: &[u8]) -> Vec<u32> {
    let messages = read_all(&mut reader(Allowance::Media), input).unwrap();
    messages.iter().map(|message| message.timestamp_ms).collect()
}

fn message(timestamp_ms: u32, length: usize) -> Message {
    let payload: Bytes = (0..length).map(|at| (at * 7) as u8).collect();
    Message { timestamp_ms, kind: MessageKind::VIDEO, stream_id: 1, payload }
}

fn full(stream: u8, timestamp: u32, length: u32, kind: u8) -> Vec<u8> {
    let mut bytes = vec![stream];
    bytes.extend(&timestamp.min(0xFF_FFFF).to_be_bytes()[1..]);
    bytes.extend(&length.to_be_bytes()[1..]);
    bytes.extend([kind, 1, 0, 0, 0]);
    if timestamp >= 0xFF_FFFF {
        bytes.extend(timestamp.to_be_bytes());
    }
    bytes
}

fn set_chunk_size(size: u32) -> Vec<u8> {
    [full(2, 0, 4, 1), size.to_be_bytes().to_vec()].concat()
}

#[test]
fn types_1_to_3_refer_to_the_header_before() {
    let mut bytes = full(4, 1000, 1, 9);
    bytes.push(b'a');
    bytes.extend([0x44, 0, 0, 40, 0, 0, 2, 8, b'b', b'c']);
    bytes.extend([0x84, 0, 0, 20, b'd', b'e']);
    bytes.extend([0xC4, b'f', b'g']);
    let messages = read_all(&mut reader(Allowance::Media), &bytes).unwrap();
    let seen: Vec<_> = messages.iter().map(|m| (m.timestamp_ms, m.kind.0, &m.payload[..])).collect();
    assert_eq!(seen, [(1000, 9, &b"a"[..]), (1040, 8, b"bc"), (1060, 8, b"de"), (1080, 8, b"fg")]);
}

#[test]
fn type_3_after_type_0_repeats_the_timestamp_as_a_delta() {
    assert_eq!(timestamps(&[full(4, 40, 1, 9), vec![1, 0xC4, 2, 0xC4, 3]].concat()), [40, 80, 120]);
}

#[test]
fn chunks_of_several_streams_interleave() {
    let mut bytes = full(4, 0, 200, 9);
    bytes.extend([1; 128]);
    bytes.extend(full(6, 0, 3, 8));
    bytes.extend([2; 3]);
    bytes.push(0xC4);
    bytes.extend([3; 72]);
    let messages = read_all(&mut reader(Allowance::Media), &bytes).unwrap();
    assert_eq!(messages.iter().map(|m| m.payload.len()).collect::<Vec<_>>(), [3, 200]);
}

#[test]
fn abort_discards_the_partial_message_and_its_bytes() {
    let mut reader = reader(Allowance::Media);
    read_all(&mut reader, &[full(4, 0, 200, 9), vec![1; 128]].concat()).unwrap();
    assert_eq!(reader.buffered_bytes(), 128);
    read_all(&mut reader, &[full(2, 0, 4, 2), vec![0, 0, 0, 4]].concat()).unwrap();
    assert_eq!(reader.buffered_bytes(), 0);
    let messages = read_all(&mut reader, &[full(4, 5, 1, 9), vec![7]].concat()).unwrap();
    assert_eq!(messages[0].payload[..], [7]);
}

/// Red5 #456, zap-stream-core #49.
#[test]
fn a_header_that_declares_a_huge_message_allocates_nothing() {
    let refused = reader(Allowance::Media).read(&mut &full(4, 0, 0xFF_FFFF, 9)[..]).unwrap_err();
    insta::assert_snapshot!(refused, @"a message of 16777215 bytes was announced on chunk stream 4; 8387584 are allowed now");
    let mut largest = reader(Allowance::Media);
    assert_eq!(largest.read(&mut &full(4, 0, UNIT_BYTES_MAX as u32, 9)[..]), Ok(None));
    assert_eq!(largest.streams[&4].partial.as_ref().unwrap().capacity(), 0);
    assert!(reader(Allowance::Commands).read(&mut &full(4, 0, 65_537, 9)[..]).is_err());
    assert!(reader(Allowance::Media).read(&mut &full(4, 0, 65_537, 20)[..]).is_err());
}

/// Red5 #475, PR #482.
#[test]
fn chunk_size_0_is_refused() {
    let read = |size| read_all(&mut reader(Allowance::Media), &set_chunk_size(size));
    assert_eq!(read(0), Err(ChunkError::ChunkSize(0)));
    assert_eq!(read(0x8000_0000), Err(ChunkError::ChunkSize(0x8000_0000)));
    assert_eq!(read(0x7FFF_FFFF), Ok(vec![]));
}

/// Red5 #475, PR #482: work per byte. A short command passes, a picture does not.
#[test]
fn chunk_size_1_serves_short_messages_only() {
    let cut = |length: u32| {
        let mut bytes = [set_chunk_size(1), full(4, 0, length, 9)].concat();
        (0..length).for_each(|at| bytes.extend(if at == 0 { &[7][..] } else { &[0xC4, 7] }));
        read_all(&mut reader(Allowance::Media), &bytes)
    };
    assert_eq!(cut(1000).unwrap()[0].payload.len(), 1000);
    assert_eq!(cut(70_000), Err(ChunkError::TooManyChunks));
}

/// Red5 #475, PR #482: FFmpeg publishes with it.
#[test]
fn chunk_size_60_000_is_followed() {
    let mut bytes = [set_chunk_size(60_000), full(4, 0, 100_000, 9), vec![1; 60_000], vec![0xC4]].concat();
    bytes.extend(vec![2; 40_000]);
    let messages = read_all(&mut reader(Allowance::Media), &bytes).unwrap();
    assert_eq!(messages[0].payload.len(), 100_000);
}

/// ant-media #5388: memory filled.
#[test]
fn extended_timestamps_in_type_3_chunks_for_long_keep_nothing() {
    let (mut reader, mut out) = (reader(Allowance::Media), BytesMut::new());
    for count in 0..20_000u32 {
        out.clear();
        let sent = message(0x0100_0000 + 33 * count, 300);
        Writer::default().write(6, &sent, &mut out);
        assert_eq!(read_all(&mut reader, &out).unwrap(), [sent]);
        assert_eq!(reader.buffered_bytes(), 0);
    }
}

#[test]
fn extended_timestamps_may_be_absolute_or_absent_in_type_3_chunks() {
    let time = 0x0200_0000u32;
    let body = |field: &[u8]| [&[1; 128][..], &[0xC4], field, &[2; 72]].concat();
    let first = [full(4, time, 1, 9), vec![9]].concat();
    let delta = [&[0x44, 0xFF, 0xFF, 0xFF, 0, 0, 200, 9][..], &0x0100_0000u32.to_be_bytes()].concat();
    let next = 0x0300_0000u32;
    for field in [&0x0100_0000u32.to_be_bytes()[..], &next.to_be_bytes(), &[]] {
        let bytes = [first.clone(), delta.clone(), body(field)].concat();
        let messages = read_all(&mut reader(Allowance::Media), &bytes).unwrap();
        assert_eq!(messages[1].timestamp_ms, next, "{field:?}");
        assert_eq!(messages[1].payload, [vec![1; 128], vec![2; 72]].concat(), "{field:?}");
    }
}

/// Without the field, the last chunk of a message may be shorter than the field would be.
#[test]
fn an_absent_extended_timestamp_gives_its_bytes_back_to_the_next_chunk() {
    let time = 0x0200_0000;
    let mut bytes = [full(4, time, 130, 9), vec![1; 128], vec![0xC4, 2, 3]].concat();
    bytes.extend([full(5, time, 2, 8), vec![4, 5]].concat());
    for split in 1..bytes.len() {
        let mut reader = reader(Allowance::Media);
        let mut messages = read_all(&mut reader, &bytes[..split]).unwrap();
        messages.extend(read_all(&mut reader, &bytes[split..]).unwrap());
        assert_eq!(messages.len(), 2, "split at {split}");
        assert_eq!(messages[0].payload[127..], [1, 2, 3]);
        assert_eq!(messages[1].payload[..], [4, 5]);
    }
}

#[test]
fn the_24_bit_threshold_is_crossed_with_every_kind_of_header() {
    let start = 0xFF_FFFF - 10_000;
    let mut bytes = [full(4, start, 1, 9), vec![0]].concat();
    for _ in 0..300 {
        bytes.extend([0x84, 0, 0, 40, 1]);
        bytes.extend([0xC4, 2]);
    }
    let seen = timestamps(&bytes);
    assert_eq!(seen.last(), Some(&(start + 600 * 40)));
    assert!(seen.is_sorted());
}

#[test]
fn a_full_header_with_an_extended_time_may_be_followed_by_type_3_with_the_absolute_time() {
    let time = 0x0200_0000u32;
    let mut bytes = [full(4, time, 1, 9), vec![0]].concat();
    bytes.push(0xC4);
    bytes.extend((time + 40).to_be_bytes());
    bytes.push(1);
    assert_eq!(timestamps(&bytes), [time, time + 40]);
}

#[test]
fn deltas_wrap_at_32_bits() {
    let bytes = [full(4, u32::MAX - 9, 1, 9), vec![0], vec![0x84, 0, 0, 20, 1]].concat();
    assert_eq!(timestamps(&bytes), [u32::MAX - 9, 10]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let read = |bytes: Vec<u8>| read_all(&mut reader(Allowance::Media), &bytes).unwrap_err();
    assert_eq!(read(vec![0xC4]), ChunkError::NoHeader(4));
    assert_eq!(read(vec![0x84, 0, 0, 0]), ChunkError::NoHeader(4));
    let interrupted = [full(4, 0, 200, 9), vec![1; 128], full(4, 0, 1, 9)].concat();
    assert_eq!(read(interrupted), ChunkError::Interrupted(4));
    assert_eq!(read([full(2, 0, 2, 1), vec![0, 0]].concat()), ChunkError::Control(2));
    let many = (2..=63).chain(std::iter::repeat_n(0, 3)).enumerate();
    let streams = many.flat_map(|(at, id)| {
        let mut bytes = full(id, 0, 0, 9);
        if id == 0 {
            bytes.insert(1, at as u8);
        }
        bytes
    });
    assert_eq!(read(streams.collect()), ChunkError::TooManyStreams);
}

#[test]
fn unfinished_messages_of_all_streams_are_limited_together() {
    let mut reader = reader(Allowance::Commands);
    let unfinished = |stream| [full(stream, 0, 65_536, 9), vec![0; 60_000]].concat();
    read_all(&mut reader, &[set_chunk_size(60_000), unfinished(4), unfinished(5)].concat()).unwrap();
    assert_eq!(reader.buffered_bytes(), 120_000);
    let refused = read_all(&mut reader, &unfinished(6));
    assert_eq!(refused, Err(ChunkError::TooMuchInFlight(2 * COMMAND_BYTES_MAX)));
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_any_split(
        sent in prop::collection::vec((any::<u32>(), 0usize..700), 1..8),
        cut in 1usize..300,
    ) {
        let (writer, mut out) = (Writer::default(), BytesMut::new());
        let sent: Vec<_> = sent.into_iter().map(|(time, length)| message(time, length)).collect();
        sent.iter().for_each(|message| writer.write(4, message, &mut out));
        let mut reader = reader(Allowance::Media);
        let mut got = Vec::new();
        for piece in out.chunks(cut) {
            got.extend(read_all(&mut reader, piece).unwrap());
        }
        prop_assert_eq!(got, sent);
        prop_assert_eq!(reader.buffered_bytes(), 0);
    }
}
