//! What the store is asked of who sees what: grants, tokens for scripts, second steps; and its copy on which changes are tried.

use super::error::StoreError;
use super::key::{KeyHash, StreamKey};
use super::thread::Queue;
use super::tokens::{Bearer, TokenDraft};
use super::totp::{self, Totp};
use super::{NEVER, Session, Store, accounts, copies, grants, tokens};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// By which whoever finds a token somewhere knows what it is.
const TOKEN_PREFIX: &str = "forebay_";

impl Store {
    /// Who may sign in, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accounts(&self) -> Result<Vec<wire::Account>, StoreError> {
        self.call(grants::accounts).await
    }

    /// One who may sign in.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn account(&self, name: &str) -> Result<wire::Account, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| grants::one(connection, &name)).await
    }

    /// Limits somebody to these channels; with none, every channel exists for them.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::NoSuchChannel`], [`StoreError::SeesAll`].
    pub async fn set_grants(
        &self,
        name: &str,
        channels: Option<Vec<String>>,
    ) -> Result<wire::Account, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| grants::set(connection, &name, channels.as_deref())).await
    }

    /// Makes a token for a script: its secret, and what is kept.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::ScopeAbove`], [`StoreError::NoSuchChannel`], [`StoreError::TokenTaken`],
    /// [`StoreError::TooManyTokens`].
    pub async fn add_token(&self, draft: TokenDraft) -> Result<(String, wire::ApiToken), StoreError> {
        let (random, now) = (StreamKey::random()?, self.house.now());
        let secret = format!("{TOKEN_PREFIX}{}", random.expose());
        let hash = *KeyHash::of(&secret).bytes();
        let made = self.call(move |connection| tokens::add(connection, &draft, &hash, now)).await?;
        Ok((secret, made))
    }

    /// Tokens for scripts: those of one user, or all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn tokens(&self, owner: Option<String>) -> Result<Vec<wire::ApiToken>, StoreError> {
        self.call(move |connection| tokens::list(connection, owner.as_deref())).await
    }

    /// Who has presented this token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bearer(&self, secret: &str) -> Result<Option<Bearer>, StoreError> {
        let (hash, now) = (*KeyHash::of(secret).bytes(), self.house.now());
        self.call(move |connection| tokens::bearer(connection, &hash, now)).await
    }

    /// What has become of somebody who has called with a token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bearer_again(&self, bearer: &Bearer) -> Result<Option<Bearer>, StoreError> {
        let (hash, now) = (bearer.hash, self.house.now());
        self.call(move |connection| tokens::bearer(connection, &hash, now)).await
    }

    /// What somebody's codes are compared with.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn totp(&self, name: &str) -> Result<Option<Totp>, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::get(connection, &name)).await
    }

    /// How somebody's second step stands.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn totp_state(&self, name: &str) -> Result<wire::TotpState, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::state(connection, &name)).await
    }

    /// Keeps what somebody's codes are to be compared with; nobody is asked for one before [`Self::confirm_totp`].
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::TotpOn`].
    pub async fn offer_totp(&self, name: &str, secret: [u8; 20]) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::offer(connection, &name, &secret)).await
    }

    /// Has signing in take a code; `step` is the interval of the first one, `recovery` what takes a code's place.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::TotpOn`].
    pub async fn confirm_totp(
        &self,
        name: &str,
        step: i64,
        recovery: Vec<[u8; 32]>,
    ) -> Result<(), StoreError> {
        let (name, now_ms) = (name.to_owned(), self.house.now().millis());
        self.call(move |connection| totp::confirm(connection, &name, step, &recovery, now_ms)).await
    }

    /// Whether a code of this interval may be taken: it may once.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn use_totp_step(&self, name: &str, step: i64) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::use_step(connection, &name, step)).await
    }

    /// Whether this is the hash of a recovery code: it is once.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`].
    pub async fn use_recovery_code(&self, name: &str, hash: [u8; 32]) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::use_recovery(connection, &name, &hash)).await
    }

    /// Has other recovery codes take the place of those so far.
    ///
    /// # Errors
    /// [`StoreError::NoTotp`], [`StoreError::NoSuchUser`].
    pub async fn renew_recovery(&self, name: &str, recovery: Vec<[u8; 32]>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::renew_recovery(connection, &name, &recovery)).await
    }

    /// Has signing in take no code any more.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::NoTotp`].
    pub async fn remove_totp(&self, name: &str) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.call(move |connection| totp::remove(connection, &name)).await
    }

    /// The same for somebody who has called already, and is only listening: what has become of their session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_again(&self, session: &Session) -> Result<Option<Session>, StoreError> {
        let (hash, now) = (session.token, self.house.now());
        self.call(move |connection| accounts::session(connection, &hash, false, now)).await
    }

    /// A copy in memory: what is done to it is forgotten with it. What refuses changes here refuses them there.
    ///
    /// # Errors
    /// [`StoreError::Frozen`], [`StoreError::TooLargeToTry`].
    pub async fn rehearsal(&self) -> Result<Self, StoreError> {
        self.thawed()?;
        let queue = Queue::start(self.call(|connection| copies::in_memory(connection)).await?)?;
        let (copied_at, refused, frozen) = (Arc::new(AtomicU64::new(NEVER)), Arc::default(), Arc::default());
        Ok(Self { queue, copied_at, refused, frozen, ..self.clone() })
    }
}
