//! Who may manage the box: the claim by which the first administrator comes, signing in, and what each role may do.
//!
//! | module | what it is |
//! |---|---|
//! | `claim` | the one-time code that makes the first administrator; pure |
//! | [`password`] | which are taken, and how they are kept |
//! | [`role`] | pure: how the roles stand to each other |
//! | `second_step` | codes of an authenticator app, and what takes their place |
//! | [`sight`] | pure: which channels exist for whom |
//! | `throttle` | how often somebody may try |
//!
//! Rows are in the [store](crate::store); who asks is found out by the API's [guard](crate::api::guard).

mod claim;
pub mod password;
pub mod role;
pub(crate) mod second_step;
pub mod sight;
mod throttle;

use crate::clock::House;
use crate::limits::{CLAIM_CODE_LIFE, HASH_WAIT, HASHES_AT_ONCE};
use crate::store::{Session, Store, StoreError, StreamKey};
use claim::{Code, Verdict};
use password::{PasswordError, hashed, matches};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use throttle::Throttle;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;
use wire::{Role, User};

/// Why somebody is not let in, or not made an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Too often.
    #[error("too many attempts; wait a minute, or use `forebay user` on the box itself")]
    Throttled,
    /// No such user, or another password: which of both is nobody's business.
    #[error("the name or the password is wrong")]
    Wrong,
    /// The password was right, and is not all.
    #[error("enter the six digits that your authenticator app shows now, or one of your recovery codes")]
    CodeNeeded,
    /// Neither a code of now, nor a recovery code, or one that was used.
    #[error(
        "the code is wrong, or was used: wait for the next one; if none is taken, look whether the app's clock is right"
    )]
    SecondStep,
    /// Too often.
    #[error(
        "too many codes; wait two minutes. An administrator can take the second step off, and `forebay user totp remove` on the box"
    )]
    CodesThrottled,
    /// None has been set up.
    #[error("set the second step up first, and then confirm it by a code")]
    NoTotp,
    /// No claim code is good now.
    #[error("there is no claim code just now; `forebay claim` on the box makes one")]
    NoCode,
    /// Another code.
    #[error(
        "the claim code is wrong; it was shown when the box started, and `forebay claim` on it makes another"
    )]
    Code,
    /// Not the password of whoever has signed in.
    #[error("this is not your password; nothing was done")]
    NotYours,
    /// Too many sign in at once.
    #[error("many sign in just now; try again in a few seconds")]
    Busy,
    /// Not a name.
    #[error("a name has 1 to 60 visible characters")]
    Name,
    /// Not a password that is taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Somebody who has signed in, and the secret that the browser keeps for it.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// For the cookie.
    pub token: StreamKey,
}

/// The door to the accounts; clones share it.
#[derive(Clone, Debug)]
pub struct Accounts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    house: House,
    code: Mutex<Option<Code>>,
    /// One for all, whatever is only tried among it: nobody guesses a password by trying.
    throttle: Arc<Throttle>,
    hashing: Semaphore,
    /// Whether there is an administrator, once that is known: nobody but this process makes the first, and the last stays.
    is_claimed: OnceCell<AtomicBool>,
}

impl Accounts {
    /// Without a claim code.
    #[must_use]
    pub fn new(store: Store, house: House) -> Self {
        Self::throttled(store, house, Arc::default())
    }

    /// The same on another store.
    #[must_use]
    pub fn on(&self, store: Store) -> Self {
        Self::throttled(store, self.0.house, Arc::clone(&self.0.throttle))
    }

    fn throttled(store: Store, house: House, throttle: Arc<Throttle>) -> Self {
        let code = Mutex::default();
        let (hashing, is_claimed) = (Semaphore::new(HASHES_AT_ONCE), OnceCell::new());
        Self(Arc::new(Inner { store, house, code, throttle, hashing, is_claimed }))
    }

    /// Makes a new claim code; the one before is void.
    ///
    /// # Errors
    /// [`StoreError::Claimed`]; when the system has no randomness.
    pub async fn new_code(&self) -> Result<wire::ClaimCode, StoreError> {
        if self.is_claimed().await? {
            return Err(StoreError::Claimed);
        }
        let mut bits = [0; 8];
        getrandom::fill(&mut bits)?;
        let (code, text) = Code::new(bits, self.0.house.now());
        *self.0.code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        let secs = u32::try_from(CLAIM_CODE_LIFE.scaled(1)).unwrap_or_default();
        Ok(wire::ClaimCode { code: text, expires_in_secs: secs })
    }

    /// Whether there is an administrator.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_claimed(&self) -> Result<bool, StoreError> {
        Ok(self.known_claim().await?.load(Ordering::Acquire))
    }

    async fn known_claim(&self) -> Result<&AtomicBool, StoreError> {
        self.0.is_claimed.get_or_try_init(async || self.0.store.has_users().await.map(AtomicBool::new)).await
    }

    /// Makes the first administrator, and signs them in.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn claim(
        &self,
        wanted: &wire::NewClaim,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, AccountError> {
        if self.is_claimed().await? {
            return Err(StoreError::Claimed.into());
        }
        self.0.throttle.attempt(None, from)?;
        // Before the code is used up.
        let name = checked_name(&wanted.name)?;
        password::check(&wanted.password, &name)?;
        self.use_code(&wanted.code)?;
        let hash = self.hash(wanted.password.clone()).await?;
        self.0.store.add_first_user(name.clone(), hash).await?;
        self.known_claim().await?.store(true, Ordering::Release);
        self.open_session(User { name, role: Role::Administrator }).await
    }

    fn use_code(&self, presented: &str) -> Result<(), AccountError> {
        let mut code = self.0.code.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = code.as_mut().map_or(Verdict::Void, |code| code.present(presented, self.0.house.now()));
        if verdict != Verdict::Wrong {
            *code = None;
        }
        match verdict {
            Verdict::Right => Ok(()),
            Verdict::Wrong => Err(AccountError::Code),
            Verdict::Void => Err(AccountError::NoCode),
        }
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn sign_in(
        &self,
        wanted: &wire::NewSession,
        from: Option<IpAddr>,
    ) -> Result<SignedIn, AccountError> {
        self.0.throttle.attempt(Some(&wanted.name), from)?;
        let found = self.0.store.credentials(wanted.name.trim().to_owned()).await?;
        let (user, hash) = match found {
            Some((user, hash)) => (Some(user), hash),
            // As much work as for somebody who is known.
            None => (None, password::nobodys().to_owned()),
        };
        let is_right = self.verify(wanted.password.clone(), hash).await?;
        let user = user.filter(|_| is_right).ok_or(AccountError::Wrong)?;
        self.second_step(&user.name, wanted.code.as_deref()).await?;
        self.open_session(user).await
    }

    /// For somebody whose password was right, where they have asked for it.
    async fn second_step(&self, name: &str, code: Option<&str>) -> Result<(), AccountError> {
        let totp = self.0.store.totp(name).await?.filter(|totp| totp.is_confirmed);
        let Some(totp) = totp else { return Ok(()) };
        let code = code.filter(|code| !code.trim().is_empty()).ok_or(AccountError::CodeNeeded)?;
        self.0.throttle.code(name)?;
        let is_right = match second_step::step_of(totp.secret, code, self.0.house.now()) {
            Some(step) => self.0.store.use_totp_step(name, step).await?,
            None => self.0.store.use_recovery_code(name, second_step::recovery_hash(code)).await?,
        };
        if is_right { Ok(()) } else { Err(AccountError::SecondStep) }
    }

    /// What somebody's authenticator app is to be told; nothing is asked of them before they [confirm](Self::confirm_totp).
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn offer_totp(&self, name: &str) -> Result<wire::NewTotp, AccountError> {
        let secret = second_step::secret()?;
        let issuer = self.0.store.setting(crate::api::BOX_NAME).await?;
        let issuer = issuer.as_ref().and_then(serde_json::Value::as_str).unwrap_or("Forebay");
        let told = second_step::told(secret, name, issuer);
        let told = told.map_err(|error| StoreError::Impossible(format!("a second step: {error}")))?;
        self.0.store.offer_totp(name, secret).await?;
        Ok(told)
    }

    /// Has signing in take a code from now on, if this is one: the app has been told right. Sessions that are open stay.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn confirm_totp(&self, name: &str, code: &str) -> Result<wire::RecoveryCodes, AccountError> {
        let totp = self.0.store.totp(name).await?.ok_or(AccountError::NoTotp)?;
        if totp.is_confirmed {
            return Err(StoreError::TotpOn(name.to_owned()).into());
        }
        self.0.throttle.code(name)?;
        let step = second_step::step_of(totp.secret, code, self.0.house.now());
        let step = step.ok_or(AccountError::SecondStep)?;
        let (recovery_codes, hashes) = second_step::recovery_codes()?;
        self.0.store.confirm_totp(name, step, hashes).await?;
        Ok(wire::RecoveryCodes { recovery_codes })
    }

    /// Makes recovery codes in the place of those so far.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn renew_recovery(&self, name: &str) -> Result<wire::RecoveryCodes, AccountError> {
        let (recovery_codes, hashes) = second_step::recovery_codes()?;
        self.0.store.renew_recovery(name, hashes).await?;
        Ok(wire::RecoveryCodes { recovery_codes })
    }

    /// Has somebody who has signed in prove once more that it is them, for what a page left open must not do.
    ///
    /// # Errors
    /// [`AccountError::NotYours`], or that it is tried too often.
    pub async fn prove(&self, name: &str, password: &str, from: Option<IpAddr>) -> Result<(), AccountError> {
        self.0.throttle.proof(name, from)?;
        let found = self.0.store.credentials(name.to_owned()).await?;
        let hash = found.map_or_else(|| password::nobodys().to_owned(), |(_, hash)| hash);
        let is_right = self.verify(password.to_owned(), hash).await?;
        if is_right { Ok(()) } else { Err(AccountError::NotYours) }
    }

    async fn open_session(&self, user: User) -> Result<SignedIn, AccountError> {
        let token = self.0.store.open_session(user.name.clone()).await?;
        Ok(SignedIn { user, token })
    }

    /// Makes another account.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn add(&self, wanted: &wire::NewUser) -> Result<User, AccountError> {
        let name = checked_name(&wanted.name)?;
        password::check(&wanted.password, &name)?;
        let hash = self.hash(wanted.password.clone()).await?;
        let user = User { name, role: wanted.role };
        self.0.store.add_user(user.clone(), hash).await?;
        // On the console somebody may be made without a claim.
        self.known_claim().await?.store(true, Ordering::Release);
        Ok(user)
    }

    /// Gives somebody another password, and ends their sessions but for `kept`.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn set_password(
        &self,
        name: &str,
        wanted: &wire::NewPassword,
        kept: Option<&Session>,
    ) -> Result<(), AccountError> {
        password::check(&wanted.password, name)?;
        let hash = self.hash(wanted.password.clone()).await?;
        Ok(self.0.store.set_password(name.to_owned(), hash, kept.map(|session| session.token)).await?)
    }

    /// A token that nobody has was presented.
    ///
    /// # Errors
    /// [`AccountError::Throttled`] when that is too often.
    pub fn wrong_token(&self, from: Option<IpAddr>) -> Result<(), AccountError> {
        self.0.throttle.attempt(None, from)
    }

    async fn hash(&self, password: String) -> Result<String, AccountError> {
        let _place = self.place().await?;
        let hashed = actix_web::web::block(move || hashed(&password)).await;
        Ok(hashed.map_err(|_| AccountError::Busy)??)
    }

    async fn verify(&self, password: String, hash: String) -> Result<bool, AccountError> {
        let _place = self.place().await?;
        actix_web::web::block(move || matches(&password, &hash)).await.map_err(|_| AccountError::Busy)
    }

    /// Each hash takes 19 MiB and some time.
    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, AccountError> {
        let place = timeout(HASH_WAIT, self.0.hashing.acquire()).await;
        place.map_err(|_| AccountError::Busy)?.map_err(|_| AccountError::Busy)
    }
}

/// A name without what does not show.
pub(crate) fn checked_name(wanted: &str) -> Result<String, AccountError> {
    let name = wanted.trim();
    let is_name = (1..=60).contains(&name.chars().count()) && !name.chars().any(crate::store::hidden);
    if is_name && !name.contains('/') { Ok(name.to_owned()) } else { Err(AccountError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn accounts() -> (TempDir, Accounts) {
        let (folder, house) = (TempDir::new().unwrap(), House::anchor());
        let store = Store::open(folder.path(), house).unwrap();
        (folder, Accounts::new(store, house))
    }

    fn claim(code: &str) -> wire::NewClaim {
        wire::NewClaim { code: code.into(), name: "Ada".into(), password: "correct horse battery".into() }
    }

    #[actix_rt::test]
    async fn the_code_makes_one_administrator_and_no_other() {
        let (_folder, accounts) = accounts();
        assert!(matches!(accounts.claim(&claim("ABCD-EFGH"), None).await, Err(AccountError::NoCode)));
        let first = accounts.new_code().await.unwrap();
        let second = accounts.new_code().await.unwrap();
        assert!(matches!(accounts.claim(&claim(&first.code), None).await, Err(AccountError::Code)));
        // Whatever else is wrong leaves the code good.
        let short = wire::NewClaim { password: "short".into(), ..claim(&second.code) };
        assert!(matches!(accounts.claim(&short, None).await, Err(AccountError::Password(_))));
        let (one, other) = (claim(&second.code.to_lowercase()), claim(&second.code));
        let (one, other) = tokio::join!(accounts.claim(&one, None), accounts.claim(&other, None));
        assert_eq!(one.is_ok() as u8 + other.is_ok() as u8, 1, "{one:?} {other:?}");
        assert!(matches!(accounts.new_code().await, Err(StoreError::Claimed)));
    }

    #[actix_rt::test]
    async fn a_code_is_void_after_five_attempts() {
        let (_folder, accounts) = accounts();
        let code = accounts.new_code().await.unwrap().code;
        for _ in 0..5 {
            assert!(matches!(
                accounts.claim(&claim("ZZZZ-ZZZZ"), None).await,
                Err(AccountError::Code | AccountError::NoCode)
            ));
        }
        assert!(matches!(accounts.claim(&claim(&code), None).await, Err(AccountError::NoCode)));
    }

    #[actix_rt::test]
    async fn nobody_guesses_a_password_by_calls_that_are_only_tried() {
        let (_folder, accounts) = accounts();
        let tried = accounts.on(accounts.0.store.rehearsal().await.unwrap());
        for _ in 0..crate::limits::SIGN_INS_A_MINUTE_OF_NAME.get() {
            accounts.0.throttle.proof("ada", None).unwrap();
        }
        assert!(matches!(tried.prove("Ada", "incorrect horse", None).await, Err(AccountError::Throttled)));
    }

    #[actix_rt::test]
    async fn signing_in_is_slowed_down_by_name_and_by_address() {
        let (_folder, accounts) = accounts();
        let code = accounts.new_code().await.unwrap().code;
        accounts.claim(&claim(&code), None).await.unwrap();
        let sign_in = |name: &str, password: &str| wire::NewSession {
            name: name.into(),
            password: password.into(),
            code: None,
        };
        let address = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        let right = sign_in("ADA", "correct horse battery");
        let signed_in = accounts.sign_in(&right, address(1)).await.unwrap();
        assert_eq!(signed_in.user, User { name: "Ada".into(), role: Role::Administrator });
        for _ in 0..4 {
            let wrong = accounts.sign_in(&sign_in("ada", "incorrect horse"), address(2)).await;
            assert!(matches!(wrong, Err(AccountError::Wrong)));
        }
        // The right one too, from anywhere: who guesses must not learn that it was right.
        assert!(matches!(accounts.sign_in(&right, address(3)).await, Err(AccountError::Throttled)));
        let nobody = accounts.sign_in(&sign_in("nobody", "incorrect horse"), address(3)).await;
        assert!(matches!(nobody, Err(AccountError::Wrong)));
    }
}
