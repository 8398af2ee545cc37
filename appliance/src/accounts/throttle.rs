//! How often somebody may try to sign in: by name, and by address, whether it succeeds or not; and how many codes a name may try.

use super::AccountError;
use crate::limits::{
    SECOND_STEP_EVERY, SECOND_STEPS_AT_ONCE, SIGN_INS_A_MINUTE_OF_ADDRESS, SIGN_INS_A_MINUTE_OF_NAME,
    THROTTLED_MAX,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// See the module. Nobody is locked out: a minute later there is another attempt.
pub(super) struct Throttle {
    /// By a digest, so that a name of any length takes as much room.
    names: DefaultKeyedRateLimiter<[u8; 32]>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    /// Names that have signed in and prove once more that it is them: nobody who signs in has to wait for that.
    proofs: DefaultKeyedRateLimiter<[u8; 32]>,
    /// Names whose password was right.
    codes: DefaultKeyedRateLimiter<[u8; 32]>,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Throttle")
    }
}

impl Default for Throttle {
    fn default() -> Self {
        let codes = Quota::with_period(SECOND_STEP_EVERY).expect("two minutes are some time");
        Self {
            codes: RateLimiter::keyed(codes.allow_burst(SECOND_STEPS_AT_ONCE)),
            names: RateLimiter::keyed(Quota::per_minute(SIGN_INS_A_MINUTE_OF_NAME)),
            proofs: RateLimiter::keyed(Quota::per_minute(SIGN_INS_A_MINUTE_OF_NAME)),
            addresses: RateLimiter::keyed(Quota::per_minute(SIGN_INS_A_MINUTE_OF_ADDRESS)),
        }
    }
}

impl Throttle {
    /// Counts an attempt. The console has neither name nor address that counts.
    pub(super) fn attempt(&self, name: Option<&str>, from: Option<IpAddr>) -> Result<(), AccountError> {
        self.count(&self.names, name, from)
    }

    /// As [`Throttle::attempt`], of somebody who has signed in.
    pub(super) fn proof(&self, name: &str, from: Option<IpAddr>) -> Result<(), AccountError> {
        self.count(&self.proofs, Some(name), from)
    }

    fn count(
        &self,
        names: &DefaultKeyedRateLimiter<[u8; 32]>,
        name: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<(), AccountError> {
        let name = name.map(digest);
        let from = from.map(|address| network(address.to_canonical()));
        // Those who did not try for a minute are forgotten once there are many.
        if self.names.len() + self.proofs.len() + self.addresses.len() > THROTTLED_MAX {
            self.names.retain_recent();
            self.proofs.retain_recent();
            self.addresses.retain_recent();
        }
        let of_address = from.is_none_or(|from| self.addresses.check_key(&from).is_ok());
        let of_name = name.is_none_or(|name| names.check_key(&name).is_ok());
        if of_address && of_name { Ok(()) } else { Err(AccountError::Throttled) }
    }

    /// Counts a code of somebody whose password was right.
    pub(super) fn code(&self, name: &str) -> Result<(), AccountError> {
        self.codes.check_key(&digest(name)).map_err(|_| AccountError::CodesThrottled)
    }
}

fn digest(name: &str) -> [u8; 32] {
    Sha256::digest(name.trim().to_lowercase().as_bytes()).into()
}

/// Whoever has one IPv6 address has a network of 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
        v4 => v4,
    }
}
