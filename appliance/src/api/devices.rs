//! The GPUs: what they are doing, and trusting one again; how the machine is, and was.

use super::ApiState;
use super::guard::Asked;
use super::problem::{self, ApiError, Kind};
use crate::accounts::sight::Sight;
use crate::devices::place::Work;
use crate::hardware::{metrics, room};
use crate::limits::{ENCODER_CHARS_MAX, HARDWARE_INTERVAL, METRICS_ASKED_MAX};
use crate::store::measures::{MINUTE_SECS, Steps, Stretch, TEN_SECS};
use crate::store::{Desired, draft, template};
use actix_web::web::{self, Data, Json, Path, Query};
use serde::Deserialize;
use wire::{BoxHealth, Cost, HealthHistory, Series, Span};

pub(super) fn configure(config: &mut web::ServiceConfig) {
    let resource = |path, methods| web::resource(path).default_service(problem::only(methods));
    config
        .service(resource("/devices", "GET").route(web::get().to(list)))
        .service(resource("/devices/health", "GET").route(web::get().to(health)))
        .service(resource("/devices/history", "GET").route(web::get().to(history)))
        .service(resource("/devices/{name}/trust", "POST").route(web::post().to(trust)));
}

/// Channels that do not exist for who asks are left out.
pub(super) fn all(state: &ApiState, sight: &Sight) -> wire::DeviceList {
    let mut list = state.devices.list(&Work { rungs: draft::default_ladder(), rate: draft::DEFAULT_RATE });
    for device in &mut list.devices {
        device.channels.retain(|slug| sight.sees(slug));
    }
    list.looked_for.extend(Some(state.hardware.looked_for()).filter(|told| !told.is_empty()));
    list
}

async fn list(state: Data<ApiState>, asked: Asked) -> Json<wire::DeviceList> {
    Json(all(&state, asked.caller.sight()))
}

async fn trust(
    state: Data<ApiState>,
    asked: Asked,
    name: Path<String>,
) -> Result<Json<wire::DeviceList>, ApiError> {
    if state.devices.trust(&name) {
        tracing::info!(device = name.as_str(), "device trusted again");
        return Ok(Json(all(&state, asked.caller.sight())));
    }
    let name: String = name.chars().take(ENCODER_CHARS_MAX).collect();
    Err(ApiError::new(Kind::NotFound, format!("there is no device `{name}`; `forebay devices` lists them")))
}

async fn health(state: Data<ApiState>) -> Result<Json<BoxHealth>, ApiError> {
    let now = state.hardware.now();
    let templates: Vec<_> = template::ALL.iter().map(template::Template::shown).collect();
    let room = room::of(&now, taken(&state, &now).await?, &templates, &state.devices.candidates());
    Ok(Json(BoxHealth { room, ..now }))
}

/// What channels take, by what is measured and by what is estimated of them.
async fn taken(state: &ApiState, now: &BoxHealth) -> Result<room::Taken, ApiError> {
    let (channels, reports) = (state.store.channels().await?, state.board.list());
    let promised = channels.iter().filter(|channel| channel.desired == Desired::Running).map(|channel| {
        let rung = |rung: &media::link::Rung| wire::Rung {
            width: rung.width,
            height: rung.height,
            bitrate_bps: rung.bitrate_bps,
        };
        let ladder: Vec<_> = channel.ladder.iter().map(rung).collect();
        let rate = channel.canvas.rate;
        let cost = Cost::of(&ladder, rate.numerator().div_ceil(rate.denominator()));
        let encoding = reports.get(channel.slug.as_str()).and_then(|report| report.encoding.as_ref());
        let on_device = encoding.is_some_and(|encoding| encoding.device.is_some());
        u64::from(if on_device { cost.decoding } else { cost.in_software() })
    });
    let busy = state.hardware.busy_percent().unwrap_or(0.0) * 10.0 * now.processor.cores.len() as f64;
    Ok(room::Taken {
        busy_millicores: busy as u64,
        promised_millicores: promised.sum(),
        channels: channels.len(),
    })
}

#[derive(Debug, Deserialize)]
struct Wanted {
    metric: Option<String>,
    #[serde(default)]
    span: Span,
}

async fn history(state: Data<ApiState>, wanted: Query<Wanted>) -> Result<Json<HealthHistory>, ApiError> {
    let Wanted { metric, span } = wanted.into_inner();
    let basic = format!("{},{}", metrics::CPU, metrics::MEMORY);
    let metrics: Vec<String> =
        metric.unwrap_or(basic).split(',').map(|name| name.trim().to_owned()).collect();
    if metrics.len() > METRICS_ASKED_MAX {
        return Err(ApiError::new(Kind::Invalid, format!("ask for {METRICS_ASKED_MAX} metrics at most")));
    }
    let now_secs = state.house.now().millis().div_euclid(1000);
    let Some(stretch) = stretch(span, now_secs) else { return recent(&state, metrics).map(Json) };
    let told = state.board.history().measured(metrics.clone(), stretch).await?;
    let series = metrics.into_iter().zip(told).map(|(metric, told)| match told {
        Some(steps) => Ok(series(metric, &steps)),
        None if is_known(&state, &metric) => Ok(series(metric, &vec![None; stretch.steps])),
        None => Err(unknown(&metric)),
    });
    Ok(Json(HealthHistory {
        step_ms: u32::try_from(stretch.step_secs * 1000).unwrap_or(u32::MAX),
        end_ms: (stretch.from_secs + stretch.step_secs * stretch.steps as i64) * 1000,
        series: series.collect::<Result<_, _>>()?,
    }))
}

/// What is in the file: up to the last whole minute, in steps that begin at multiples of their length.
fn stretch(span: Span, now_secs: i64) -> Option<Stretch> {
    let (of_secs, step_secs, steps) = match span {
        Span::Recent => return None,
        Span::Hour => (MINUTE_SECS, MINUTE_SECS, 60),
        Span::Day => (MINUTE_SECS, 5 * MINUTE_SECS, 288),
        Span::Month => (TEN_SECS, 12 * TEN_SECS, 360),
    };
    // The step that is not over yet is shown as far as it is.
    let until = now_secs - now_secs.rem_euclid(step_secs) + if of_secs == step_secs { 0 } else { step_secs };
    Some(Stretch {
        of_secs,
        from_secs: until - step_secs * steps,
        step_secs,
        steps: usize::try_from(steps).ok()?,
    })
}

fn recent(state: &ApiState, metrics: Vec<String>) -> Result<HealthHistory, ApiError> {
    let one = |metric: String| {
        if !is_known(state, &metric) {
            return Err(unknown(&metric));
        }
        let values: Steps = state
            .hardware
            .recent(&metric)
            .into_iter()
            .map(|value| value.map(|value| (value, value)))
            .collect();
        Ok(series(metric, &values))
    };
    Ok(HealthHistory {
        step_ms: u32::try_from(HARDWARE_INTERVAL.as_millis()).unwrap_or(u32::MAX),
        end_ms: state.hardware.now().at_ms,
        series: metrics.into_iter().map(one).collect::<Result<_, _>>()?,
    })
}

/// Rounded: nobody reads more, and the answer is shorter.
fn series(metric: String, steps: &[Option<(f64, f64)>]) -> Series {
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    Series {
        metric,
        mean: steps.iter().map(|step| step.map(|(mean, _)| rounded(mean))).collect(),
        most: steps.iter().map(|step| step.map(|(_, most)| rounded(most))).collect(),
    }
}

fn is_known(state: &ApiState, metric: &str) -> bool {
    [metrics::CPU, metrics::MEMORY].contains(&metric)
        || state.hardware.now().metrics.iter().any(|known| known.id == metric)
}

fn unknown(metric: &str) -> ApiError {
    let metric: String = metric.chars().take(ENCODER_CHARS_MAX).collect();
    ApiError::new(Kind::NotFound, format!("there is no metric `{metric}`; `/devices/health` lists them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_end_at_a_whole_step() {
        let of = |span| {
            stretch(span, 1_000_000).map(|it| (it.from_secs, it.from_secs + it.step_secs * it.steps as i64))
        };
        assert_eq!(of(Span::Recent), None);
        assert_eq!(of(Span::Hour), Some((996_360, 999_960)));
        assert_eq!(of(Span::Day), Some((913_800, 1_000_200)));
        let (from, until) = of(Span::Month).unwrap();
        assert_eq!((until - from, until.rem_euclid(7200), until > 1_000_000), (30 * 86_400, 0, true));
    }
}
