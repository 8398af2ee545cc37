//! The web server: what viewers get, the player, the admin UI and the API, and on which listeners.
//!
//! Viewers and administrators are told apart by listener when the operator gives the admin side a port of its own
//! (`--admin-port`), which speaks HTTPS alone; otherwise both share the ports. The command line uses the API on a Unix socket.

use crate::serve::Serving;
use crate::serve::door::door;
use crate::tls::{self, Tls};
use crate::{admin_ui, api, audience, limits, manual, metrics, player, serve};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpResponse, HttpServer, body::MessageBody, middleware::Next, web};
use anyhow::Context;
use media::date::Utc;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;

/// What the routes need.
#[derive(Clone)]
pub struct Web {
    /// For viewers.
    pub serving: Serving,
    /// For administrators.
    pub api: web::Data<api::ApiState>,
    /// Certificates.
    pub tls: Tls,
}

/// `GET /time`: house time for players (`urn:mpeg:dash:utc:http-xsdate:2014` and `http-iso:2014`). It is the clock
/// of the timeline itself, so a player that follows it measures the latency that there is.
async fn time(serving: web::Data<Serving>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(Utc(serving.house.now()).to_string())
}

/// Opens a listening socket.
///
/// # Errors
/// Says which address, why, and what to do.
pub fn listen(purpose: &str, flag: &str, bind: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(bind, port);
    let listener = TcpListener::bind(address).with_context(|| {
        format!(
            "{purpose} cannot listen on {address}. If another program uses the port (`ss -ltnp` shows which), \
             stop it or choose another port with {flag}; 0 means any free one"
        )
    })?;
    Ok(listener)
}

/// Makes the viewers' listener fit for many of them; connections inherit what is set here.
fn for_many(listener: &TcpListener) -> std::io::Result<()> {
    // `std` asks for a backlog of 128; to listen again changes it.
    rustix::net::listen(listener, limits::LISTEN_BACKLOG)?;
    let stall_ms = u32::try_from(limits::READER_STALL_MAX.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(listener, stall_ms)?;
    Ok(())
}

/// As many descriptors as the system lets us have: each viewer takes one.
pub fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is; set LimitNOFILE in the unit");
    }
}

/// Connections that one worker may have.
fn connections_max() -> usize {
    let all = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let viewers = all.saturating_sub(limits::DESCRIPTORS_RESERVED).max(limits::DESCRIPTORS_RESERVED);
    usize::try_from(viewers).unwrap_or(usize::MAX) / limits::VIEWER_WORKERS
}

impl Web {
    /// The server of the HTTP and HTTPS ports: viewers, and the admin side too unless that has a listener of its own.
    /// HTTPS speaks HTTP/2 and HTTP/1.1 (ALPN).
    ///
    /// # Errors
    /// When the sockets cannot be used.
    pub fn viewers(self, http: TcpListener, https: TcpListener, with_admin: bool) -> anyhow::Result<Server> {
        let tls = self.tls.server_config()?;
        for listener in [&http, &https] {
            for_many(listener).context("the viewers' listener cannot be set up")?;
        }
        let connections = self.serving.metrics.connections().clone();
        let server = HttpServer::new(move || {
            let web = self.clone();
            App::new()
                .wrap(from_fn(door))
                .wrap(from_fn(short_urls))
                .app_data(web::Data::new(web.serving.metrics.clone()))
                .app_data(web::Data::new(web.serving))
                .app_data(web.api)
                .app_data(web::Data::new(web.tls))
                .configure(serve::routes)
                .configure(player::routes)
                .configure(audience::routes::players)
                .configure(tls::routes::routes)
                .route("/time", web::get().to(time))
                .configure(|config| {
                    if with_admin {
                        config
                            .configure(api::configure)
                            .configure(metrics::routes)
                            .configure(manual::routes)
                            .configure(admin_ui::routes);
                    }
                })
        });
        let server = server
            .workers(limits::VIEWER_WORKERS)
            .keep_alive(limits::VIEWER_KEEP_ALIVE)
            .max_connections(connections_max())
            .tcp_nodelay(true)
            // The default keeps the connection of every viewer who left while held (actix-web #3462).
            .h1_allow_half_closed(false)
            .shutdown_timeout(limits::SHUTDOWN_SECS)
            .disable_signals()
            .on_connect(move |io, data| {
                api::on_connect(io, data);
                connections.opened(io, data);
            })
            .tls_handshake_timeout(limits::TLS_HANDSHAKE_MAX)
            .listen(http)?
            .listen_rustls_0_23(https, tls)?;
        Ok(server.run())
    }

    /// The server of the admin side: the Unix socket for the command line, and a port of its own for HTTPS when given.
    ///
    /// # Errors
    /// When the sockets cannot be used.
    pub fn admin(self, commands: UnixListener, listener: Option<TcpListener>) -> anyhow::Result<Server> {
        let tls = self.tls.server_config()?;
        let server = HttpServer::new(move || {
            let web = self.clone();
            App::new()
                .wrap(from_fn(short_urls))
                .app_data(web::Data::new(web.serving.metrics.clone()))
                .app_data(web::Data::new(web.serving))
                .app_data(web.api)
                .app_data(web::Data::new(web.tls))
                .configure(api::configure)
                .configure(metrics::routes)
                .configure(manual::routes)
                .configure(admin_ui::routes)
        });
        let server = server.workers(1).shutdown_timeout(limits::SHUTDOWN_SECS).disable_signals();
        let server = server.on_connect(api::on_connect).listen_uds(commands)?;
        let server = match listener {
            Some(listener) => server.listen_rustls_0_23(listener, tls)?,
            None => server,
        };
        Ok(server.run())
    }
}

/// A URL longer than anything we hand out is refused before any work is done for it.
async fn short_urls(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.path().len() + request.query_string().len() > limits::URL_BYTES_MAX {
        let refusal = HttpResponse::build(StatusCode::URI_TOO_LONG)
            .content_type("text/plain; charset=utf-8")
            .body("This address is too long.\n");
        return Ok(request.into_response(refusal).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}
