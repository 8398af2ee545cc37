//! The demultiplexer: bytes in, events out.

use super::PACKET_BYTES;
use super::elementary::{Elementary, Events};
use super::framer::Framer;
use super::packet::{Continuity, Order, Packet, Useless};
use super::program::{self, Chosen, Program, Selection};
use super::section::{Section, SectionReader};
use crate::limits::{OUTPUT_BYTES_MAX, OUTPUTS_MAX, UNSUPPORTED_REPORTS_MAX};
use crate::wrap::Unwrap;
use crate::{Demuxed, Unsupported};
use std::collections::VecDeque;

/// "Program Association Table: PID 0x0000" (table 2-3).
const ASSOCIATION_PID: u16 = 0;

/// What has been seen, and what went wrong, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Transport packets.
    pub packets: u64,
    /// Times that packets were no longer found where they should begin.
    pub sync_losses: u64,
    /// Bytes skipped in search of a packet; all of them, if this is no transport stream.
    pub skipped_bytes: u64,
    /// Packets marked as damaged, or with a header that makes no sense.
    pub damaged_packets: u64,
    /// Scrambled packets: nothing can be done with those.
    pub scrambled_packets: u64,
    /// Gaps in the continuity counters of the chosen streams.
    pub discontinuities: u64,
    /// PES packets dropped: broken by a gap, malformed, too long, empty or without a time.
    pub dropped_units: u64,
    /// Sections of program tables dropped: too long, too short, or with a wrong CRC.
    pub bad_sections: u64,
    /// Audio frames that made no sense.
    pub malformed_frames: u64,
    /// Events dropped since nobody polled.
    pub dropped_events: u64,
}

/// Reads one transport stream.
#[derive(Debug, Default)]
pub struct Demuxer {
    framer: Framer,
    association: Table,
    program: Option<(Program, Table)>,
    video: Option<Elementary>,
    audio: Option<Elementary>,
    /// One for both, so that they stay together over a wrap.
    clock: Unwrap<33>,
    reported: Vec<Unsupported>,
    /// Counted here, and what streams and tables counted that are gone.
    counters: Counters,
    outputs: VecDeque<Demuxed>,
    output_bytes: usize,
}

/// The sections of one PID.
#[derive(Debug, Default)]
struct Table {
    continuity: Continuity,
    sections: SectionReader,
}

impl Table {
    fn handle(&mut self, packet: &Packet<'_>) -> Vec<Section> {
        let Some(payload) = packet.payload else { return Vec::new() };
        match self.continuity.follow(packet) {
            Order::Duplicate => return Vec::new(),
            Order::Gap => self.sections.drop_partial(),
            Order::Next => {}
        }
        self.sections.handle(payload, packet.starts_unit)
    }
}

impl Demuxer {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // Getters

    /// What has been seen, and what went wrong.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        counters.sync_losses = self.framer.sync_losses();
        counters.skipped_bytes = self.framer.skipped_bytes();
        let tables = self.program.iter().map(|(_, table)| table).chain([&self.association]);
        counters.bad_sections += tables.map(|table| table.sections.bad()).sum::<u64>();
        self.streams().for_each(|stream| counters.add(stream));
        counters
    }

    /// Bytes held: unfinished packets, sections, PES packets and frames, and events not yet polled.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        let tables = self.program.iter().map(|(_, table)| table).chain([&self.association]);
        self.framer.buffered_bytes()
            + tables.map(|table| table.sections.buffered_bytes()).sum::<usize>()
            + self.streams().map(Elementary::buffered_bytes).sum::<usize>()
            + self.output_bytes
    }

    // Events in

    /// Takes bytes. Drain [`poll`](Self::poll) after it.
    pub fn handle(&mut self, mut input: &[u8]) {
        while let Some(packet) = self.framer.next(&mut input) {
            self.handle_packet(&packet);
        }
    }

    /// Nothing more will come: what is still held is handed on if it is whole.
    pub fn finish(&mut self) {
        if let Some(packet) = self.framer.finish() {
            self.handle_packet(&packet);
        }
        let mut events = Events::new();
        for stream in self.video.iter_mut().chain(&mut self.audio) {
            stream.finish(&mut self.clock, &mut events);
        }
        self.extend(events);
    }

    // Actions out

    /// The next event, until there is none.
    pub fn poll(&mut self) -> Option<Demuxed> {
        let output = self.outputs.pop_front()?;
        self.output_bytes -= output.bytes();
        Some(output)
    }

    fn streams(&self) -> impl Iterator<Item = &Elementary> {
        self.video.iter().chain(&self.audio)
    }

    fn handle_packet(&mut self, bytes: &[u8; PACKET_BYTES]) {
        self.counters.packets += 1;
        match Packet::read(bytes) {
            Ok(packet) if packet.pid == ASSOCIATION_PID => self.handle_association(&packet),
            Ok(packet) => self.handle_program(&packet),
            Err(Useless::Damaged) => self.counters.damaged_packets += 1,
            Err(Useless::Scrambled) => self.counters.scrambled_packets += 1,
        }
    }

    fn handle_association(&mut self, packet: &Packet<'_>) {
        for section in self.association.handle(packet) {
            let Some(program) = program::first_program(&section) else { continue };
            if self.program.as_ref().is_none_or(|(known, _)| *known != program)
                && let Some((_, table)) = self.program.replace((program, Table::default()))
            {
                self.counters.bad_sections += table.sections.bad();
            }
        }
    }

    fn handle_program(&mut self, packet: &Packet<'_>) {
        if let Some((program, table)) = &mut self.program
            && program.map_pid == packet.pid
        {
            let (program, sections) = (*program, table.handle(packet));
            for selection in sections.iter().filter_map(|section| program::select(section, program)) {
                self.apply(selection);
            }
            return;
        }
        let mut events = Events::new();
        for stream in self.video.iter_mut().chain(&mut self.audio) {
            if stream.chosen().pid == packet.pid {
                stream.handle(packet, &mut self.clock, &mut events);
                break;
            }
        }
        self.extend(events);
    }

    /// Takes what the map now says; streams that it leaves as they were go on undisturbed.
    fn apply(&mut self, selection: Selection) {
        let mut events = Events::new();
        for (stream, chosen) in [(&mut self.video, selection.video), (&mut self.audio, selection.audio)] {
            if stream.as_ref().map(Elementary::chosen) != chosen {
                replace(stream, chosen, &mut self.clock, &mut self.counters, &mut events);
            }
        }
        events.extend(selection.unsupported.into_iter().map(Demuxed::Unsupported));
        self.extend(events);
    }

    fn extend(&mut self, events: Events) {
        for event in events {
            if !self.is_news(&event) {
                continue;
            }
            if self.outputs.len() >= OUTPUTS_MAX || self.output_bytes + event.bytes() > OUTPUT_BYTES_MAX {
                self.counters.dropped_events += 1;
                continue;
            }
            self.output_bytes += event.bytes();
            self.outputs.push_back(event);
        }
    }

    /// What cannot be taken is said once.
    fn is_news(&mut self, event: &Demuxed) -> bool {
        let Demuxed::Unsupported(unsupported) = event else { return true };
        let news = self.reported.len() < UNSUPPORTED_REPORTS_MAX && !self.reported.contains(unsupported);
        if news {
            self.reported.push(unsupported.clone());
        }
        news
    }
}

fn replace(
    stream: &mut Option<Elementary>,
    chosen: Option<Chosen>,
    clock: &mut Unwrap<33>,
    counters: &mut Counters,
    events: &mut Events,
) {
    if let Some(mut old) = stream.take() {
        old.finish(clock, events);
        counters.add(&old);
    }
    *stream = chosen.map(|chosen| Elementary::new(chosen, events));
}

impl Counters {
    const fn add(&mut self, stream: &Elementary) {
        self.discontinuities += stream.discontinuities();
        self.dropped_units += stream.dropped_units();
        self.malformed_frames += stream.malformed();
    }
}

#[cfg(test)]
#[path = "demuxer_tests.rs"]
mod tests;
