//! `forebay channel …`: calls the API of the running daemon and prints what came.

use super::CliError;
use super::client::Client;
use super::slate::{self, SlateArgs};
use super::sources::{self, BackupArgs, FailoverArgs, OneSource};
use super::table::{removed, table};
use crate::settings::FolderFlags;
use crate::store::{Encoder, Slug};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::io::Write;
use wire::{
    Channel, ChannelEdit, ChannelList, Encoding, Latency, NewChannel, NewEncoder, NewToken, Playback, Source,
    StreamKey, Tier, Token,
};

/// Of `forebay channel`.
#[derive(Clone, Debug, clap::Args)]
pub struct ChannelArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: ChannelCommand,
}

/// The subcommands.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ChannelCommand {
    /// Add a channel and start it; prints where to publish and where to watch
    Add(AddArgs),
    /// List all channels
    List,
    /// Show one channel
    Show(ShowArgs),
    /// Switch a channel on
    Start(One),
    /// Switch a channel off; its viewers see the end
    Stop(One),
    /// Forget a channel and its key
    Remove(One),
    /// Give it another name; its address stays, and nobody who watches or publishes notices
    Rename(RenameArgs),
    /// Have it encoded by something else; one that is on air starts anew
    Encoder(EncoderArgs),
    /// Show what it shows without a source, and change what is given
    Slate(SlateArgs),
    /// Add, show and remove back-up sources
    Backup(BackupArgs),
    /// Show when another source takes over, and change what is given
    Failover(FailoverArgs),
    /// Put one of its sources on air
    Take(OneSource),
    /// Show it only to those who have a token
    Protect(ProtectArgs),
    /// Show it to everybody again; sites allowed to load it stay as they are
    Open(One),
    /// Say which deliveries its watch page plays, and in which order it falls from one to the next
    Tiers(TiersArgs),
    /// Make a token, and the addresses with it; whoever has one may watch
    Token(TokenArgs),
}

/// Of `forebay channel add`.
#[derive(Clone, Debug, clap::Args)]
pub struct AddArgs {
    /// For people; its short name in addresses is made from it
    #[arg(long)]
    pub name: String,
    /// Where its media comes from
    #[arg(long, value_parser = source_parser())]
    pub source: Source,
    /// What it is made of: `forebay templates` lists them with what each costs [default: a ladder of three at 720p30]
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// How finely its media is cut: `standard` for every network, `low` for those of the premises
    #[arg(long, default_value = "standard", value_parser = latency_parser())]
    pub latency: Latency,
    /// How far back viewers may seek, such as `90s`, `30m` or `2h`; what is older than that is given up
    #[arg(long, value_name = "LENGTH", default_value = "0", value_parser = length_in_secs)]
    pub dvr: u32,
    /// Give viewers of the best rung the source's own pictures, where those are fit for it, instead of encoding them anew
    #[arg(long, conflicts_with = "dvr")]
    pub pass_through: bool,
    /// What encodes it: `auto` for a GPU that has room, else software; `software`; or a device by its name in `forebay devices`
    #[arg(long, default_value = "auto", value_parser = encoder)]
    pub encoder: String,
    /// Do not start it yet
    #[arg(long)]
    pub stopped: bool,
}

/// Of `forebay channel rename`.
#[derive(Clone, Debug, clap::Args)]
pub struct RenameArgs {
    /// The channel's short name, which stays
    pub slug: String,
    /// For people
    pub name: String,
}

/// Of `forebay channel encoder`.
#[derive(Clone, Debug, clap::Args)]
pub struct EncoderArgs {
    /// The channel's short name
    pub slug: String,
    /// `auto` for a GPU that has room, else software; `software`; or a device by its name in `forebay devices`
    #[arg(value_parser = encoder)]
    pub encoder: String,
}

/// Of `forebay channel show`.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The channel's short name
    pub slug: String,
    /// Show its stream key, which is a secret, and the whole addresses to publish to
    #[arg(long)]
    pub key: bool,
}

/// Of `forebay channel protect`.
#[derive(Clone, Debug, clap::Args)]
pub struct ProtectArgs {
    /// The channel's short name
    pub slug: String,
    /// Make all tokens so far void
    #[arg(long)]
    pub renew: bool,
    /// A site whose players may load it, as browsers write its origin; may be given again [default: as before]
    #[arg(long = "origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
}

/// Of `forebay channel tiers`.
#[derive(Clone, Debug, clap::Args)]
pub struct TiersArgs {
    /// The channel's short name
    pub slug: String,
    /// The first choice first; none for all, best first
    #[arg(value_parser = tier_parser())]
    pub tiers: Vec<Tier>,
}

/// Of `forebay channel token`.
#[derive(Clone, Debug, clap::Args)]
pub struct TokenArgs {
    /// The channel's short name
    pub slug: String,
    /// How long it is good [default: 43200, twelve hours]
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<u32>,
    /// The one address that may use it [default: any]
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<std::net::IpAddr>,
}

/// A channel.
#[derive(Clone, Debug, clap::Args)]
pub struct One {
    /// The channel's short name
    pub slug: String,
}

const SOURCES: [(&str, Source); 3] =
    [("rtmp", Source::Rtmp), ("srt", Source::Srt), ("test-pattern", Source::TestPattern)];

pub(super) fn source_parser() -> impl TypedValueParser<Value = Source> {
    PossibleValuesParser::new(SOURCES.map(|(name, _)| name)).map(|chosen| {
        let found = SOURCES.iter().find(|(name, _)| *name == chosen);
        found.expect("the parser has accepted one of these names").1
    })
}

fn tier_parser() -> impl TypedValueParser<Value = Tier> {
    PossibleValuesParser::new(Tier::ALL.map(Tier::id)).map(|chosen| {
        let found = Tier::ALL.into_iter().find(|tier| tier.id() == chosen);
        found.expect("the parser has accepted one of these names")
    })
}

const LATENCIES: [(&str, Latency); 2] = [("standard", Latency::Standard), ("low", Latency::Low)];

fn latency_parser() -> impl TypedValueParser<Value = Latency> {
    PossibleValuesParser::new(LATENCIES.map(|(name, _)| name)).map(|chosen| {
        let found = LATENCIES.iter().find(|(name, _)| *name == chosen);
        found.expect("the parser has accepted one of these names").1
    })
}

fn encoder(text: &str) -> Result<String, String> {
    text.parse::<Encoder>().map(|encoder| encoder.to_string()).map_err(|error| error.to_string())
}

/// Seconds, minutes or hours; a number alone is seconds.
fn length_in_secs(text: &str) -> Result<u32, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let (number, unit) =
        units.iter().find_map(|(name, secs)| Some((text.strip_suffix(name)?, *secs))).unwrap_or((text, 1));
    let secs = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    secs.ok_or_else(|| "write a whole number and a unit, such as 90s, 30m or 2h".into())
}

const fn latency_name(latency: Latency) -> &'static str {
    match latency {
        Latency::Standard => "standard",
        Latency::Low => "low",
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Rtmp => "rtmp",
        Source::Srt => "srt",
        Source::TestPattern => "test-pattern",
    }
}

/// A channel together with its key.
#[derive(Debug, Serialize)]
struct WithKey {
    #[serde(flatten)]
    channel: Channel,
    stream_key: String,
}

/// Runs the command and prints to `out`.
///
/// # Errors
/// [`CliError`].
pub fn run(args: &ChannelArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let text = match &args.command {
        ChannelCommand::Add(add) => with_key(args, &self::add(&client, add)?),
        ChannelCommand::List => list(args, &client.get("/channels")?),
        ChannelCommand::Show(ShowArgs { slug, key: true }) => {
            with_key(args, &fetch_key(&client, client.get(&path(slug, "")?)?)?)
        }
        ChannelCommand::Show(ShowArgs { slug, key: false }) => one(args, &client.get(&path(slug, "")?)?),
        ChannelCommand::Start(One { slug }) => one(args, &client.post(&path(slug, "/start")?, &())?),
        ChannelCommand::Stop(One { slug }) => one(args, &client.post(&path(slug, "/stop")?, &())?),
        ChannelCommand::Rename(RenameArgs { slug, name }) => {
            one(args, &client.patch(&path(slug, "")?, &ChannelEdit { name: name.clone() })?)
        }
        ChannelCommand::Encoder(EncoderArgs { slug, encoder }) => {
            let wanted = NewEncoder { encoder: encoder.clone() };
            one(args, &client.put(&path(slug, "/encoder")?, &wanted)?)
        }
        ChannelCommand::Slate(wanted) => slate::run(&client, wanted, args.json)?,
        ChannelCommand::Backup(wanted) => sources::backup(&client, wanted, args.json)?,
        ChannelCommand::Failover(wanted) => sources::failover(&client, wanted, args.json)?,
        ChannelCommand::Take(wanted) => sources::take(&client, wanted, args.json)?,
        ChannelCommand::Protect(protect) => playback(args, &self::protect(&client, protect)?),
        ChannelCommand::Open(One { slug }) => {
            let before: Playback = client.get(&path(slug, "/playback")?)?;
            let wanted = Playback { protected: false, ..before };
            playback(args, &client.put(&path(slug, "/playback")?, &wanted)?)
        }
        ChannelCommand::Tiers(TiersArgs { slug, tiers }) => {
            let before: Playback = client.get(&path(slug, "/playback")?)?;
            let wanted = Playback { tiers: tiers.clone(), ..before };
            playback(args, &client.put(&path(slug, "/playback")?, &wanted)?)
        }
        ChannelCommand::Token(wanted) => token(args, &mint(&client, wanted)?),
        ChannelCommand::Remove(One { slug }) => {
            client.delete(&path(slug, "")?)?;
            removed(args.json, slug, slug)
        }
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// Only a slug goes into a path: nothing in it needs escaping.
pub(super) fn path(slug: &str, rest: &str) -> Result<String, CliError> {
    Ok(format!("/channels/{}{rest}", Slug::parse(slug)?))
}

fn add(client: &Client, args: &AddArgs) -> Result<WithKey, CliError> {
    let AddArgs { name, source, template, latency, dvr, pass_through, encoder, stopped } = args.clone();
    let (ladder, encoder, start) = (None, Some(encoder), !stopped);
    let new =
        NewChannel { name, source, ladder, latency, dvr_secs: dvr, pass_through, encoder, start, template };
    let added = client.post("/channels", &new)?;
    fetch_key(client, added)
}

fn fetch_key(client: &Client, mut channel: Channel) -> Result<WithKey, CliError> {
    let StreamKey { stream_key, publish_urls } = client.get(&path(&channel.slug, "/key")?)?;
    channel.publish_urls = publish_urls;
    Ok(WithKey { channel, stream_key })
}

fn protect(client: &Client, args: &ProtectArgs) -> Result<Playback, CliError> {
    let ProtectArgs { slug, renew, origins } = args.clone();
    let place = path(&slug, "/playback")?;
    let before: Playback = client.get(&place)?;
    let allowed_origins = if origins.is_empty() { before.allowed_origins.clone() } else { origins };
    Ok(client.put(&place, &Playback { protected: true, renew_secret: renew, allowed_origins, ..before })?)
}

fn mint(client: &Client, args: &TokenArgs) -> Result<Token, CliError> {
    let address = args.address.map(|address| address.to_string());
    let wanted = NewToken { expires_in_secs: args.seconds, address };
    Ok(client.post(&path(&args.slug, "/tokens")?, &wanted)?)
}

fn playback(args: &ChannelArgs, playback: &Playback) -> String {
    if args.json {
        return json(playback);
    }
    let who = if playback.protected { "those who have a token" } else { "everybody" };
    let sites =
        if playback.allowed_origins.is_empty() { "all".into() } else { playback.allowed_origins.join(" ") };
    let tiers = match playback.tiers.as_slice() {
        [] => "all, best first".to_owned(),
        tiers => tiers.iter().map(|tier| tier.id()).collect::<Vec<_>>().join(", then "),
    };
    format!("shown to {who}\nsites    {sites}\ntiers    {tiers}\n")
}

fn token(args: &ChannelArgs, token: &Token) -> String {
    if args.json {
        return json(token);
    }
    let urls: String = token.playback_urls.iter().map(|url| format!("play     {url}\n")).collect();
    format!("expires  {}\nwatch    {}\n{urls}", token.expires_at, token.watch_url)
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain structs always serialise") + "\n"
}

fn with_key(args: &ChannelArgs, found: &WithKey) -> String {
    if args.json {
        return json(found);
    }
    describe(&found.channel) + &format!("key      {}\n", found.stream_key)
}

fn one(args: &ChannelArgs, channel: &Channel) -> String {
    if args.json { json(channel) } else { describe(channel) }
}

fn list(args: &ChannelArgs, list: &ChannelList) -> String {
    if args.json {
        return json(list);
    }
    if list.channels.is_empty() {
        return "no channels yet; add one with `forebay channel add`\n".into();
    }
    let heading = ["CHANNEL", "NAME", "SOURCE", "STATE", "RESTARTS", "WATCH"].map(str::to_owned).to_vec();
    let row = |channel: &Channel| {
        let Channel { slug, name, watch_url, .. } = channel.clone();
        let source = source_name(channel.source).into();
        vec![slug, name, source, state(channel), channel.restarts.to_string(), watch_url]
    };
    table(&std::iter::once(heading).chain(list.channels.iter().map(row)).collect::<Vec<_>>())
}

fn describe(channel: &Channel) -> String {
    let mut text = format!(
        "channel  {} ({})\nsource   {}\nlatency  {}\ndvr      {}\nencoder  {}\nstate    {}\nwatch    {}\n",
        channel.slug,
        channel.name,
        source_name(channel.source),
        latency_name(channel.latency),
        dvr(channel),
        encoder_of(channel),
        state(channel),
        channel.watch_url
    );
    for stage in channel.stages.iter().filter(|stage| !stage.detail.is_empty()) {
        text += &format!("{:<8} {}\n", stage.name, stage.detail);
    }
    text += &sources::lines(channel);
    for url in &channel.publish_urls {
        text += &format!("publish  {url}\n");
    }
    text
}

/// As set, and what that is now.
fn encoder_of(channel: &Channel) -> String {
    let now = channel.encoding.as_ref().map_or_else(String::new, |Encoding { device, why }| {
        format!(": {} ({why})", device.as_deref().unwrap_or("software"))
    });
    format!("{}{now}", channel.encoder)
}

fn dvr(channel: &Channel) -> String {
    let so_far = channel.dvr.map_or_else(String::new, |dvr| format!(", {} s so far", dvr.listed_secs));
    if channel.dvr_secs == 0 { "off".into() } else { format!("{} s{so_far}", channel.dvr_secs) }
}

/// In one word, with its reason where it has one.
fn state(channel: &Channel) -> String {
    let word = serde_json::to_value(channel.state).expect("an enum of plain names always serialises");
    let word = word.as_str().unwrap_or_default().to_owned();
    if channel.detail.is_empty() { word } else { format!("{word}: {}", channel.detail) }
}
