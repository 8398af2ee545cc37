//! The calls about tokens for scripts.

use super::guard::{Asked, Caller};
use super::problem::{self, ApiError, Kind};
use super::{ApiState, removed};
use crate::accounts::checked_name;
use crate::limits::{API_TOKEN_LIFE_DEFAULT, API_TOKEN_LIFE_MAX};
use crate::store::{StoreError, TokenDraft};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, web};
use media::time::Ticks;
use wire::{ApiToken, MadeApiToken, NewApiToken, Role, Scope};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/tokens", "GET, POST").route(web::get().to(list)).route(web::post().to(add)))
        .service(resource("/tokens/{id}", "DELETE").route(web::delete().to(remove)));
}

/// Whose tokens somebody manages: their own, or all.
fn whose(asked: &Asked) -> Option<String> {
    let own = asked.caller.is_somebody().filter(|(_, role)| *role != Role::Administrator);
    own.map(|(name, _)| name.to_owned())
}

async fn list(state: Data<ApiState>, asked: Asked) -> Result<Json<Vec<ApiToken>>, ApiError> {
    Ok(Json(state.store.tokens(whose(&asked)).await?))
}

async fn add(
    state: Data<ApiState>,
    asked: Asked,
    Json(wanted): Json<NewApiToken>,
) -> Result<HttpResponse, ApiError> {
    asked.secure()?;
    let draft = draft(wanted, owner(&asked.caller)?)?;
    let (secret, token) = state.store.add_token(draft).await.map_err(|error| match error {
        StoreError::NoSuchChannel(_) => invalid(error.to_string(), "/channels"),
        StoreError::NoSuchUser(_) => invalid(error.to_string(), "/owner"),
        error => error.into(),
    })?;
    tracing::info!(user = token.owner, token = token.name, scope = ?token.scope, "token made");
    Ok(HttpResponse::Created().json(MadeApiToken { secret, token }))
}

/// One's own, where one has a name.
fn owner(caller: &Caller) -> Result<Option<String>, ApiError> {
    match caller {
        // What a stolen token could do would not end with it.
        Caller::Token(_) => Err(ApiError::new(Kind::Forbidden, "a token makes no tokens; sign in")),
        caller => Ok(caller.is_somebody().map(|(name, _)| name.to_owned())),
    }
}

fn draft(wanted: NewApiToken, caller: Option<String>) -> Result<TokenDraft, ApiError> {
    let owner = match (caller, wanted.owner) {
        (Some(name), None) => name,
        (Some(name), Some(owner)) if name.eq_ignore_ascii_case(&owner) => name,
        (Some(_), Some(_)) => {
            return Err(invalid("a token is made for oneself; leave the owner out", "/owner"));
        }
        (None, Some(owner)) => owner,
        (None, None) => return Err(invalid("say on whose behalf it calls: a user's name", "/owner")),
    };
    if wanted.scope == Scope::Administer && wanted.channels.is_some() {
        return Err(invalid("a token that administers sees all channels; leave them out", "/channels"));
    }
    let name = checked_name(&wanted.name)?;
    Ok(TokenDraft {
        owner,
        name,
        scope: wanted.scope,
        channels: wanted.channels,
        life: life(wanted.expires_in_secs)?,
    })
}

fn life(secs: Option<u32>) -> Result<Ticks, ApiError> {
    let life = secs.map_or(API_TOKEN_LIFE_DEFAULT, |secs| Ticks::from_secs(secs.into()));
    if life > Ticks::ZERO && life <= API_TOKEN_LIFE_MAX {
        return Ok(life);
    }
    let days = API_TOKEN_LIFE_MAX.scaled(1) / 86_400;
    Err(invalid(format!("a token is good for 1 second to {days} days"), "/expires_in_secs"))
}

fn invalid(why: impl Into<String>, field: &str) -> ApiError {
    ApiError::new(Kind::Invalid, why).at(field)
}

async fn remove(state: Data<ApiState>, asked: Asked, id: Path<i64>) -> Result<HttpResponse, ApiError> {
    let by = removed::by(&asked);
    let (gone, kept) = state.store.remove_token(*id, whose(&asked), by).await?;
    state.bump();
    tracing::info!(user = gone.owner, token = gone.name, "token removed");
    Ok(removed::gone(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> NewApiToken {
        NewApiToken {
            name: "x".into(),
            scope: Scope::Administer,
            channels: None,
            expires_in_secs: None,
            owner: None,
        }
    }

    #[test]
    fn a_token_is_for_oneself_and_ends() {
        let made = draft(wanted(), Some("Ada".into())).unwrap();
        assert_eq!((made.owner.as_str(), made.life), ("Ada", API_TOKEN_LIFE_DEFAULT));
        let of_ada = NewApiToken { owner: Some("ada".into()), ..wanted() };
        assert_eq!(draft(of_ada.clone(), None).unwrap().owner, "ada");
        assert!(
            draft(of_ada.clone(), Some("Ada".into())).is_ok() && draft(of_ada, Some("Olga".into())).is_err()
        );
        assert!(draft(wanted(), None).is_err());
        let limited = NewApiToken { channels: Some(vec!["hall".into()]), ..wanted() };
        assert!(draft(limited.clone(), Some("Ada".into())).is_err());
        assert!(draft(NewApiToken { scope: Scope::Read, ..limited }, Some("Ada".into())).is_ok());
        for secs in [0, u32::MAX] {
            assert!(
                draft(NewApiToken { expires_in_secs: Some(secs), ..wanted() }, Some("Ada".into())).is_err()
            );
        }
    }
}
