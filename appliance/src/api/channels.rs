//! The calls about channels, and about the box as a whole.

use super::address::Base;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use super::{ApiState, alarms, removed, view};
use crate::accounts::sight::Sight;
use crate::board::ChannelReport;
use crate::store::{Channel, Desired, Draft, StoreError, checked_name};
use actix_web::http::header::{ContentType, LOCATION};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, web};
use media::time::Ticks;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/channels", "GET, POST").route(web::get().to(list)).route(web::post().to(add)))
        .service(
            resource("/channels/{slug}", "GET, PATCH, DELETE")
                .route(web::get().to(show))
                .route(web::patch().to(edit))
                .route(web::delete().to(remove)),
        )
        .service(resource("/channels/{slug}/start", "POST").route(web::post().to(start)))
        .service(resource("/channels/{slug}/stop", "POST").route(web::post().to(stop)))
        .service(resource("/channels/{slug}/key", "GET").route(web::get().to(key)))
        .service(resource("/channels/{slug}/picture", "GET").route(web::get().to(picture)))
        .service(resource("/box", "GET").route(web::get().to(whole_box)));
}

/// Everything that the list is made of, at one moment, for whoever may see what of it.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// With what is reported of each, and whether it has a picture.
    channels: Vec<(Channel, Option<ChannelReport>, bool)>,
    /// With the channel that each is about.
    alarms: Vec<(Option<String>, wire::Alarm)>,
    now: Ticks,
}

/// As it is now.
pub(super) async fn gather(state: &ApiState) -> Result<Gathered, ApiError> {
    let (channels, mut reports) = (state.store.channels().await?, state.board.list());
    let join = |channel: Channel| {
        let slug = channel.slug.as_str();
        let (report, picture) = (reports.remove(slug), state.board.picture(slug).is_some());
        (channel, report, picture)
    };
    let channels = channels.into_iter().map(join).collect();
    Ok(Gathered { channels, alarms: alarms::about(state), now: state.house.now() })
}

impl Gathered {
    /// What of it exists for somebody.
    pub(super) fn told(&self, base: &Base, sight: &Sight) -> wire::ChannelList {
        let seen = self.channels.iter().filter(|(channel, ..)| sight.sees(channel.slug.as_str()));
        let channels = seen.map(|(channel, report, has_picture)| {
            let told = view::channel(channel.clone(), report.clone(), base, self.now);
            let picture = has_picture.then(|| picture_path(&told.slug));
            wire::Channel { picture, ..told }
        });
        let alarms = self.alarms.iter().filter(|(about, _)| sight.sees_of(about.as_deref()));
        wire::ChannelList {
            channels: channels.collect(),
            alarms: alarms.map(|(_, alarm)| alarm.clone()).collect(),
        }
    }
}

fn picture_path(slug: &str) -> String {
    format!("/api/v1/channels/{slug}/picture")
}

pub(super) fn one(channel: Channel, request: &HttpRequest, state: &ApiState) -> wire::Channel {
    let report = state.board.get(channel.slug.as_str());
    with_picture(view::channel(channel, report, &Base::of(request, state), state.house.now()), state)
}

fn with_picture(told: wire::Channel, state: &ApiState) -> wire::Channel {
    let picture = state.board.picture(&told.slug).map(|_| picture_path(&told.slug));
    wire::Channel { picture, ..told }
}

async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    asked: Asked,
) -> Result<Json<wire::ChannelList>, ApiError> {
    let gathered = gather(&state).await?;
    Ok(Json(gathered.told(&Base::of(&request, &state), asked.caller.sight())))
}

async fn add(
    request: HttpRequest,
    state: Data<ApiState>,
    asked: Asked,
    Json(new): Json<wire::NewChannel>,
) -> Result<HttpResponse, ApiError> {
    let draft = Draft::try_from(new)?;
    let has_room = state.devices.check(draft.encoder(), &draft.work());
    has_room.map_err(|why| ApiError::new(Kind::Invalid, why).at("/encoder"))?;
    let added = state.store.add_for(draft, asked.caller.maker()).await;
    let added = added.map_err(|error| refused(error, &asked))?;
    state.bump();
    tracing::info!(channel = added.slug.as_str(), "channel added");
    let place = format!("/api/v1/channels/{}", added.slug);
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(one(added, &request, &state)))
}

/// Which channel has a name may not exist for whoever asks.
fn refused(error: StoreError, asked: &Asked) -> ApiError {
    match error {
        StoreError::NameTaken { slug, .. } if !asked.caller.sight().sees(&slug) => {
            ApiError::new(Kind::Conflict, "this name is taken; choose another").at("/name")
        }
        error => error.into(),
    }
}

/// Whoever watches or publishes does not notice: what they hold goes by the slug.
async fn edit(
    request: HttpRequest,
    state: Data<ApiState>,
    asked: Asked,
    slug: Path<String>,
    Json(wanted): Json<wire::ChannelEdit>,
) -> Result<Json<wire::Channel>, ApiError> {
    let name = checked_name(&wanted.name)?;
    let channel = state.store.rename(&slug, name).await.map_err(|error| refused(error, &asked))?;
    state.bump();
    tracing::info!(channel = slug.as_str(), name = channel.name, "channel renamed");
    Ok(Json(one(channel, &request, &state)))
}

async fn show(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
) -> Result<Json<wire::Channel>, ApiError> {
    let channel = state.store.channel(&slug).await?;
    Ok(Json(one(channel, &request, &state)))
}

/// Not from the store: a page asks for the pictures of all channels again and again.
async fn picture(state: Data<ApiState>, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::new(Kind::NotFound, "this channel is not on air: it has no picture");
    let jpeg = state.board.picture(&slug).ok_or_else(missing)?;
    Ok(HttpResponse::Ok().insert_header(ContentType::jpeg()).body(jpeg))
}

async fn remove(state: Data<ApiState>, asked: Asked, slug: Path<String>) -> Result<HttpResponse, ApiError> {
    let kept = state.store.remove(&slug, removed::by(&asked)).await?;
    state.bump();
    tracing::info!(channel = slug.as_str(), "channel removed");
    Ok(removed::gone(kept))
}

async fn start(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
) -> Result<Json<wire::Channel>, ApiError> {
    switch(&request, &state, &slug, Desired::Running).await
}

async fn stop(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
) -> Result<Json<wire::Channel>, ApiError> {
    switch(&request, &state, &slug, Desired::Stopped).await
}

async fn switch(
    request: &HttpRequest,
    state: &ApiState,
    slug: &str,
    desired: Desired,
) -> Result<Json<wire::Channel>, ApiError> {
    let channel = state.store.set_desired(slug, desired).await?;
    state.bump();
    tracing::info!(channel = slug, ?desired, "channel switched");
    Ok(Json(one(channel, request, state)))
}

async fn key(
    request: HttpRequest,
    state: Data<ApiState>,
    slug: Path<String>,
) -> Result<Json<wire::StreamKey>, ApiError> {
    let (channel, key) = (state.store.channel(&slug).await?, state.store.key(&slug).await?);
    let publish_urls = Base::of(&request, &state).publish_urls(channel.source, key.expose());
    Ok(Json(wire::StreamKey { stream_key: key.expose().to_owned(), publish_urls }))
}

async fn whole_box(state: Data<ApiState>) -> Json<wire::BoxStatus> {
    let now = state.house.now();
    Json(wire::BoxStatus {
        version: env!("CARGO_PKG_VERSION").into(),
        uptime_secs: view::secs(now - state.started_at),
        house_time_ms: now.millis(),
        ports: *state.ports.borrow(),
    })
}
