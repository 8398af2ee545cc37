//! A channel that obeys, as the crate's own writers make it, and for each clause a change that breaks it.

mod broken;
mod good;

use super::{Evidence, Look, Verdict, clauses, judge};
use broken::BROKEN;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A round, and the one before it.
struct Rounds {
    before: Evidence,
    now: Evidence,
}

impl Rounds {
    fn good() -> Self {
        let [before, now] = good::rounds();
        Self { before, now }
    }

    fn verdicts(self) -> Vec<(&'static str, Verdict)> {
        let before = Look::new(self.before).without_media();
        let findings = judge(&Look::new(self.now), Some(&before));
        findings.into_iter().map(|finding| (finding.clause.id, finding.verdict)).collect()
    }
}

#[test]
fn a_channel_that_obeys_passes_every_clause_and_shows_each() {
    for (id, verdict) in Rounds::good().verdicts() {
        assert_eq!(verdict, Verdict::Pass, "{id}");
    }
}

#[test]
fn each_clause_has_a_case_that_makes_it_fail() {
    for (id, spoil) in BROKEN {
        let mut rounds = Rounds::good();
        spoil(&mut rounds);
        let verdicts = rounds.verdicts();
        let verdict = verdicts.iter().find(|(clause, _)| clause == id).map(|(_, verdict)| verdict);
        let verdict = verdict.unwrap_or_else(|| panic!("{id} is no clause"));
        let Verdict::Fail(fault) = verdict else { panic!("{id}: {verdict:?}") };
        assert!(!fault.what.is_empty(), "{id} fails without saying why");
    }
    let (all, broken): (BTreeSet<_>, BTreeSet<_>) =
        (clauses().map(|clause| clause.id).collect(), BROKEN.iter().map(|(id, _)| *id).collect());
    assert_eq!(
        all.difference(&broken).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "clauses without a failing case"
    );
}

#[test]
fn every_clause_has_a_name_of_its_own_a_title_and_a_source() {
    let ids: BTreeSet<_> = clauses().map(|clause| clause.id).collect();
    assert_eq!(ids.len(), clauses().count());
    assert!(clauses().all(|clause| !clause.title.is_empty() && !clause.source.is_empty()));
}

#[test]
fn nothing_at_all_is_not_seen_and_never_passes() {
    let findings = judge(&Look::new(Evidence::default()), None);
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::NotSeen), "{findings:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever a channel sends, the judge gives verdicts.
    #[test]
    fn no_damage_panics(seed in any::<u64>(), cut in 1usize..20_000) {
        let mut rounds = Rounds::good();
        let mut random = seed;
        for answer in broken::answers(&mut rounds.now) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut bytes = answer.body.to_vec();
            let len = bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(random as usize % len) {
                *byte ^= (random >> 32) as u8 | 1;
            }
            if random >> 62 == 0 {
                bytes.truncate(cut);
            }
            answer.body = bytes.into();
        }
        prop_assert_eq!(rounds.verdicts().len(), clauses().count());
    }
}
