//! What the judge has found, by channel and clause.

use media::date::Utc;
use media::judge::{Fault, Finding, Verdict, clauses};
use media::time::Ticks;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::gauge::ConstGauge;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// By slug; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(Arc<Mutex<BTreeMap<String, Judgement>>>);

#[derive(Debug, Default)]
struct Judgement {
    rounds: u64,
    at: Ticks,
    clauses: BTreeMap<&'static str, Record>,
}

#[derive(Clone, Debug, Default)]
struct Record {
    passes: u64,
    fails: u64,
    /// Whether the last round in which it was seen passed.
    passes_now: bool,
    last_fault: Option<(Fault, Ticks)>,
}

impl Verdicts {
    /// One more round over a channel.
    pub fn record(&self, slug: &str, findings: &[Finding], at: Ticks) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let judgement = all.entry(slug.to_owned()).or_default();
        judgement.rounds += 1;
        judgement.at = at;
        for Finding { clause, verdict } in findings {
            let record = judgement.clauses.entry(clause.id).or_default();
            match verdict {
                Verdict::NotSeen => continue,
                Verdict::Pass => record.passes += 1,
                Verdict::Fail(fault) => {
                    if record.passes_now || record.fails == 0 {
                        let Fault { what, evidence } = fault;
                        tracing::warn!(channel = slug, clause = clause.id, evidence, "{what}");
                    }
                    record.fails += 1;
                    record.last_fault = Some((fault.clone(), at));
                }
            }
            record.passes_now = *verdict == Verdict::Pass;
        }
    }

    /// Forgets channels that are no longer on.
    pub fn keep_only(&self, slugs: &[String]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|slug, _| slugs.contains(slug));
    }

    /// What was found of a channel, every clause in the order of the documents.
    #[must_use]
    pub fn of(&self, slug: &str) -> wire::Judgement {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Judgement::default();
        let judgement = all.get(slug).unwrap_or(&nothing);
        let clause = |clause: &media::judge::Clause| {
            let record = judgement.clauses.get(clause.id).cloned().unwrap_or_default();
            wire::Clause {
                id: clause.id.into(),
                title: clause.title.into(),
                source: clause.source.into(),
                verdict: verdict(&record),
                passes: record.passes,
                fails: record.fails,
                last_fault: record.last_fault.map(|(fault, at)| wire::ClauseFault {
                    at: Utc(at).to_string(),
                    what: fault.what,
                    evidence: fault.evidence,
                }),
            }
        };
        wire::Judgement {
            rounds: judgement.rounds,
            judged_at: (judgement.rounds > 0).then(|| Utc(judgement.at).to_string()),
            clauses: clauses().map(clause).collect(),
        }
    }

    /// Each channel, clause and verdict, for metrics.
    #[must_use]
    pub fn all(&self) -> Vec<(String, &'static str, wire::Verdict)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let each = |(slug, judgement): (&String, &Judgement)| -> Vec<_> {
            let slug = slug.clone();
            judgement.clauses.iter().map(|(id, record)| (slug.clone(), *id, verdict(record))).collect()
        };
        all.iter().flat_map(each).collect()
    }
}

const fn verdict(record: &Record) -> wire::Verdict {
    match (record.passes + record.fails, record.passes_now) {
        (0, _) => wire::Verdict::NotSeen,
        (_, true) => wire::Verdict::Pass,
        (_, false) => wire::Verdict::Fail,
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfClause {
    channel: String,
    clause: &'static str,
}

impl Collector for Verdicts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "1: the channel obeyed the clause in the last round that saw it; 0: it did not";
        let kind = <ConstGauge as TypedMetric>::TYPE;
        let mut family = encoder.encode_descriptor("judge_clause", help, None, kind)?;
        for (channel, clause, verdict) in self.all() {
            let passes = i64::from(verdict == wire::Verdict::Pass);
            ConstGauge::new(passes).encode(family.encode_family(&OfClause { channel, clause })?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(verdict: Verdict) -> Finding {
        Finding { clause: clauses().next().unwrap(), verdict }
    }

    fn first(verdicts: &Verdicts) -> wire::Clause {
        verdicts.of("demo").clauses.swap_remove(0)
    }

    #[test]
    fn a_fault_stays_to_be_read_when_it_is_over() {
        let verdicts = Verdicts::default();
        assert_eq!(first(&verdicts).verdict, wire::Verdict::NotSeen);
        verdicts.record("demo", &[finding(Verdict::Pass)], Ticks::ZERO);
        let fault = Fault::new("it is wrong", "byte 7: x");
        verdicts.record("demo", &[finding(Verdict::Fail(fault))], Ticks::from_secs(1));
        assert_eq!(first(&verdicts).verdict, wire::Verdict::Fail);
        verdicts.record("demo", &[finding(Verdict::NotSeen)], Ticks::from_secs(2));
        assert_eq!(first(&verdicts).verdict, wire::Verdict::Fail, "what was not seen changes nothing");
        verdicts.record("demo", &[finding(Verdict::Pass)], Ticks::from_secs(3));
        let now = first(&verdicts);
        assert_eq!((now.verdict, now.passes, now.fails), (wire::Verdict::Pass, 2, 1));
        assert_eq!(now.last_fault.unwrap().evidence, "byte 7: x");
    }

    #[test]
    fn channels_that_have_gone_are_forgotten() {
        let verdicts = Verdicts::default();
        verdicts.record("demo", &[finding(Verdict::Pass)], Ticks::ZERO);
        assert_eq!(verdicts.all().len(), 1);
        verdicts.keep_only(&["other".into()]);
        assert_eq!((verdicts.all().len(), verdicts.of("demo").rounds), (0, 0));
    }
}
