//! `forebay judge CHANNEL`: how a channel stands by each clause of HLS, DASH and TS.

use super::CliError;
use super::client::Client;
use super::table::table;
use crate::settings::FolderFlags;
use crate::store::Slug;
use std::io::Write;
use std::time::Duration;
use wire::{Clause, Judgement, Verdict};

/// Of `forebay judge`.
#[derive(Clone, Debug, clap::Args)]
pub struct JudgeArgs {
    /// Which daemon.
    #[command(flatten)]
    pub folder: FolderFlags,
    /// The channel's short name
    pub slug: String,
    /// Watch for so long, and count only what is seen meanwhile; a round takes ten seconds or so
    #[arg(long, value_name = "N")]
    pub seconds: Option<u32>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Prints every clause, and fails when one did.
///
/// # Errors
/// [`CliError::Judged`] when a clause failed; what the daemon refuses; [`CliError::Output`].
pub fn run(args: &JudgeArgs, out: &mut impl Write) -> Result<(), CliError> {
    let client = Client::new(&args.folder.data_dir()?);
    let path = format!("/channels/{}/judge", Slug::parse(&args.slug)?);
    let mut judgement: Judgement = client.get(&path)?;
    if let Some(seconds) = args.seconds {
        std::thread::sleep(Duration::from_secs(seconds.into()));
        judgement = since(&judgement, client.get(&path)?);
    }
    out.write_all(render(&judgement, args.json).as_bytes())?;
    let failed = judgement.clauses.iter().filter(|clause| clause.verdict == Verdict::Fail).count();
    if failed > 0 { Err(CliError::Judged(failed)) } else { Ok(()) }
}

/// What was seen between two judgements; a clause that failed meanwhile has failed.
fn since(before: &Judgement, after: Judgement) -> Judgement {
    // A channel that was started anew counts from zero again.
    let fresh = after.rounds < before.rounds;
    let clause = |mut clause: Clause| {
        let then = before.clauses.iter().find(|then| then.id == clause.id).filter(|_| !fresh);
        let (passes, fails) = then.map_or((0, 0), |then| (then.passes, then.fails));
        (clause.passes, clause.fails) =
            (clause.passes - passes.min(clause.passes), clause.fails - fails.min(clause.fails));
        clause.verdict = match (clause.passes, clause.fails) {
            (0, 0) => Verdict::NotSeen,
            (_, 0) => Verdict::Pass,
            _ => Verdict::Fail,
        };
        clause
    };
    let rounds = if fresh { after.rounds } else { after.rounds - before.rounds };
    Judgement { rounds, judged_at: after.judged_at, clauses: after.clauses.into_iter().map(clause).collect() }
}

fn render(judgement: &Judgement, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(judgement).expect("plain structs always serialise") + "\n";
    }
    if judgement.rounds == 0 {
        return "nothing has been judged: the channel is off, or has only just started\n".into();
    }
    let heading = ["VERDICT", "CLAUSE", "PASSED", "FAILED", "RULE"].map(str::to_owned).to_vec();
    let row = |clause: &Clause| {
        let Clause { id, title, passes, fails, .. } = clause.clone();
        vec![word(clause.verdict).to_owned(), id, passes.to_string(), fails.to_string(), title]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(judgement.clauses.iter().map(row)).collect();
    let faults = judgement.clauses.iter().filter(|clause| clause.fails > 0).filter_map(|clause| {
        let fault = clause.last_fault.as_ref()?;
        Some(format!(
            "\n{} ({})\n  {}  {}\n  {}\n",
            clause.id, clause.source, fault.at, fault.what, fault.evidence
        ))
    });
    let count = |wanted| judgement.clauses.iter().filter(|clause| clause.verdict == wanted).count();
    let sum = format!(
        "\n{} clauses: {} passed, {} failed, {} not seen, in {} rounds\n",
        judgement.clauses.len(),
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::NotSeen),
        judgement.rounds
    );
    table(&rows) + &faults.collect::<String>() + &sum
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "ok",
        Verdict::Fail => "FAILS",
        Verdict::NotSeen => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgement(rounds: u64, passes: u64, fails: u64) -> Judgement {
        let text = |text: &str| text.to_owned();
        let fault =
            wire::ClauseFault { at: text("2026"), what: text("it is late"), evidence: text("byte 7: x") };
        let clause = Clause {
            id: text("hls-1"),
            title: text("it is in time"),
            source: text("1"),
            verdict: if fails > 0 { Verdict::Fail } else { Verdict::Pass },
            passes,
            fails,
            last_fault: (fails > 0).then_some(fault),
        };
        Judgement { rounds, judged_at: None, clauses: vec![clause] }
    }

    #[test]
    fn only_what_was_seen_meanwhile_counts() {
        let seen = since(&judgement(5, 4, 1), judgement(8, 7, 1));
        assert_eq!((seen.rounds, seen.clauses[0].verdict), (3, Verdict::Pass));
        assert_eq!(since(&judgement(5, 5, 0), judgement(8, 7, 1)).clauses[0].verdict, Verdict::Fail);
        assert_eq!(since(&judgement(5, 5, 0), judgement(5, 5, 0)).clauses[0].verdict, Verdict::NotSeen);
        assert_eq!(since(&judgement(9, 9, 0), judgement(1, 1, 0)).rounds, 1, "it was started anew");
    }

    #[test]
    fn a_failure_is_shown_with_its_bytes() {
        insta::assert_snapshot!(render(&judgement(2, 1, 1), false), @r"
        VERDICT  CLAUSE  PASSED  FAILED  RULE
        FAILS    hls-1   1       1       it is in time

        hls-1 (1)
          2026  it is late
          byte 7: x

        1 clauses: 0 passed, 1 failed, 0 not seen, in 2 rounds
        ");
    }
}
