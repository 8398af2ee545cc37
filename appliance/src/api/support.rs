//! The support bundle.

use super::address::Base;
use super::channels::gather;
use super::problem::{self, ApiError, stopping};
use super::turns::Work;
use super::upkeep::{answer, stamp};
use super::{ApiState, BOX_NAME, view};
use crate::accounts::sight::Sight;
use crate::backup;
use crate::judge::documents::documents;
use crate::limits::{HISTORY_ANSWER_MAX, SUPPORT_DOCUMENTS_WITHIN};
use crate::store::state::{SCHEMA, secrets_of};
use crate::support::redact::Redactor;
use crate::support::{self, Page, recent};
use crate::tls::Tls;
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = web::resource("/support-bundle").default_service(problem::only("GET"));
    config.service(resource.route(web::get().to(make)));
}

async fn make(
    request: HttpRequest,
    state: Data<ApiState>,
    tls: Option<Data<Tls>>,
) -> Result<HttpResponse, ApiError> {
    let _turn = state.turns.take(Work::Support)?;
    let now = state.house.now();
    let secrets = secrets_of(&state.store).await?;
    let mut pages = vec![about(&state).await, configuration(&state).await?, database(&state).await];
    pages.extend(seen(&state).await?);
    if let Some(tls) = tls {
        pages.push(page("certificate.json", &tls.status()));
    }
    pages.extend(channels(&request, &state).await?);
    let folder = state.store.folder().to_owned();
    let work = move || {
        pages.push(("log.txt".into(), recent::text()));
        pages.extend(support::journal().map(|text| ("journal.txt".into(), text)));
        let file = backup::scratch(&folder)?;
        let secs = u64::try_from(now.scaled(1)).unwrap_or_default();
        support::write(pages, &mut Redactor::new(secrets), secs, &file)?;
        Ok(file)
    };
    let file = web::block(work).await.map_err(|_| stopping())?.map_err(super::upload::unwritten)?;
    tracing::info!("a support bundle was made");
    answer(file, &format!("forebay-support-{}.tar.gz", stamp(now)))
}

fn page(name: &str, what: &impl Serialize) -> Page {
    let text = serde_json::to_string_pretty(what).unwrap_or_else(|error| error.to_string());
    (name.to_owned(), text + "\n")
}

async fn about(state: &ApiState) -> Page {
    let system = rustix::system::uname();
    let text = |it: &std::ffi::CStr| it.to_string_lossy().into_owned();
    let disk = rustix::fs::statvfs(state.store.folder()).ok();
    let disk =
        disk.map(|it| json!({ "free_bytes": it.f_bavail * it.f_frsize, "bytes": it.f_blocks * it.f_frsize }));
    let name = state.store.setting(BOX_NAME).await.ok().flatten();
    page(
        "about.json",
        &json!({
            "forebay": env!("CARGO_PKG_VERSION"), "name": name, "house_time_ms": state.house.now().millis(),
            "up_secs": view::secs(state.house.now() - state.started_at), "ffmpeg": worker::ffmpeg_version(),
            "kernel": format!("{} {} {}", text(system.sysname()), text(system.release()), text(system.machine())),
            "threads": std::thread::available_parallelism().map_or(0, usize::from), "disk": disk,
            "ports": *state.ports.borrow(), "update": state.update.status(),
            "settings_changed": state.store.thawed().map_or_else(|why| why.to_string(), |()| "can be".into()),
        }),
    )
}

/// Without keys and secrets; of a web address the host alone, since its path is often one.
async fn configuration(state: &ApiState) -> Result<Page, ApiError> {
    let mut all = json!(state.store.configuration(false).await?);
    hide_paths(&mut all);
    Ok(page("configuration.json", &all))
}

fn hide_paths(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((scheme, rest)) = text.split_once("://") {
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                // Not even who signs in there.
                let host = host.rsplit('@').next().unwrap_or_default();
                *text = format!("{scheme}://{host}/[hidden]");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_paths),
        Value::Object(members) => members.values_mut().for_each(hide_paths),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn database(state: &ApiState) -> Page {
    let told =
        |verdict: Result<String, crate::store::StoreError>| verdict.unwrap_or_else(|error| error.to_string());
    let settings = told(state.store.verdict().await);
    let history = told(state.board.history().verdict().await);
    page("database.json", &json!({ "settings": settings, "history": history, "schema": SCHEMA }))
}

async fn seen(state: &ApiState) -> Result<Vec<Page>, ApiError> {
    let events = state.board.history().newest_for(&Sight::All, None, HISTORY_ANSWER_MAX).await?;
    Ok(vec![
        page("alarms.json", &state.board.alarms()),
        page("history.json", &events),
        page("devices.json", &super::devices::all(state, &Sight::All)),
    ])
}

async fn channels(request: &HttpRequest, state: &ApiState) -> Result<Vec<Page>, ApiError> {
    let told = gather(state).await?.told(&Base::of(request, state), &Sight::All);
    let mut pages = vec![page("channels.json", &told)];
    for channel in state.store.channels().await? {
        let slug = channel.slug.as_str();
        pages.push(page(&format!("channels/{slug}/judge.json"), &state.verdicts.of(slug)));
        let Some(bench) = state.bench.get() else { continue };
        let told = timeout(SUPPORT_DOCUMENTS_WITHIN, documents(bench, slug)).await;
        let told = told.unwrap_or_else(|_| vec![("documents.txt".into(), "no answer in time\n".into())]);
        pages.extend(told.into_iter().map(|(name, text)| (format!("channels/{slug}/{name}"), text)));
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_web_addresses_are_hidden() {
        let mut value = json!({ "via": { "url": "https://me:pw@hooks.example.org/T0/B1/secret?x=1" }, "n": [1, "plain"] });
        hide_paths(&mut value);
        assert_eq!(
            value,
            json!({ "via": { "url": "https://hooks.example.org/[hidden]" }, "n": [1, "plain"] })
        );
    }
}
