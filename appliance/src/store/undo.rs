//! What the store is asked of things that are removed, and put back.

use super::{Store, StoreError, accounts, backups, channels, destinations, removed, tokens};
use wire::Removed;

impl Store {
    /// Takes a channel away, its keys and all; `by` whom. By what it is [put back](Self::restore).
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`].
    pub async fn remove(&self, slug: &str, by: Option<&str>) -> Result<i64, StoreError> {
        let (slug, by, now) = (slug.to_owned(), by.map(str::to_owned), self.house.now());
        self.call(move |connection| channels::remove(connection, &slug, by.as_deref(), now)).await
    }

    /// Takes a back-up source away, and its key.
    ///
    /// # Errors
    /// [`StoreError::NoSuchChannel`], [`StoreError::NoSuchSource`].
    pub async fn remove_backup(&self, slug: &str, number: u8, by: Option<&str>) -> Result<i64, StoreError> {
        let (slug, by, now) = (slug.to_owned(), by.map(str::to_owned), self.house.now());
        self.call(move |connection| backups::remove(connection, &slug, number, by.as_deref(), now)).await
    }

    /// Takes a user away, and signs them out.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUser`], [`StoreError::LastAdministrator`].
    pub async fn remove_user(&self, name: &str, by: Option<&str>) -> Result<i64, StoreError> {
        let (name, by, now) = (name.to_owned(), by.map(str::to_owned), self.house.now());
        self.call(move |connection| accounts::remove(connection, &name, by.as_deref(), now)).await
    }

    /// Makes a token void; of this owner, where one is given. Which it was, and by what it is put back.
    ///
    /// # Errors
    /// [`StoreError::NoSuchToken`].
    pub async fn remove_token(
        &self,
        id: i64,
        owner: Option<String>,
        by: Option<&str>,
    ) -> Result<(wire::ApiToken, i64), StoreError> {
        let (by, now) = (by.map(str::to_owned), self.house.now());
        self.call(move |connection| tokens::remove(connection, id, owner.as_deref(), by.as_deref(), now))
            .await
    }

    /// Sends alarms there no more.
    ///
    /// # Errors
    /// [`StoreError::NoSuchDestination`].
    pub async fn remove_destination(&self, name: &str, by: Option<&str>) -> Result<i64, StoreError> {
        let (name, by, now) = (name.to_owned(), by.map(str::to_owned), self.house.now());
        self.call(move |connection| destinations::remove(connection, &name, by.as_deref(), now)).await
    }

    /// What can be put back, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn removed(&self) -> Result<Vec<Removed>, StoreError> {
        let now = self.house.now();
        self.call(move |connection| removed::list(connection, now)).await
    }

    /// Puts something back as it was.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRemoved`], [`StoreError::PlaceTaken`], [`StoreError::OwnerGone`], and the bounds.
    pub async fn restore(&self, id: i64) -> Result<Removed, StoreError> {
        let now = self.house.now();
        self.call(move |connection| removed::restore(connection, id, now)).await
    }

    /// Forgets one for good, before its time.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRemoved`].
    pub async fn forget_removed(&self, id: i64) -> Result<(), StoreError> {
        self.call(move |connection| removed::forget(connection, id)).await
    }

    /// Forgets for good what cannot be put back any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sweep_removed(&self) -> Result<usize, StoreError> {
        let now = self.house.now();
        self.call(move |connection| removed::sweep(connection, now)).await
    }
}
