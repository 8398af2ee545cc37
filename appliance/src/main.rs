//! The program `forebay`: arguments, tracing, and the command.

use actix_web::{App, HttpServer, web};
use clap::Parser;
use forebay::api::{self, ApiState, socket};
use forebay::board::Board;
use forebay::cli::{self, Cli, Command, RunArgs};
use forebay::clock::House;
use forebay::settings::Settings;
use forebay::store::Store;
use forebay::supervise;
use std::io::stdout;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => return finish(run(&args)),
        Command::Channel(args) => cli::channel::run(&args, &mut stdout()),
        Command::Check(args) => cli::check::run(&args, |_| Vec::new(), &mut stdout()),
        Command::Worker(_) | Command::SrtListener => {
            return finish(Err(anyhow::anyhow!("not part of this build")));
        }
    };
    done.map_or_else(
        |error| {
            eprintln!("forebay: {error}");
            ExitCode::from(error.code())
        },
        |()| ExitCode::SUCCESS,
    )
}

fn finish(done: anyhow::Result<()>) -> ExitCode {
    done.map_or_else(
        |error| {
            eprintln!("forebay: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

fn run(args: &RunArgs) -> anyhow::Result<()> {
    let settings = args.flags.resolve(Settings::appliance())?;
    let filter = settings.log_level.parse::<tracing_subscriber::EnvFilter>()?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    supervise::install_panic_hook();
    actix_rt::System::new().block_on(serve(&settings))
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let house = House::anchor();
    let store = Store::open(&settings.data_dir, house)?;
    let unix = socket::listen(&settings.data_dir)?;
    let http = TcpListener::bind((settings.bind, settings.http_port))?;
    let state = ApiState::new(store, Board::new(), house, settings.bind);
    let ports = wire::Ports { http: http.local_addr()?.port(), https: 0, rtmp: 0, srt: 0 };
    state.ports.send_replace(ports);
    state.ready.store(true, Ordering::Release);
    tracing::info!(?ports, "listening");
    let data = web::Data::new(state);
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(api::configure));
    Ok(server.on_connect(api::on_connect).shutdown_timeout(3).listen(http)?.listen_uds(unix)?.run().await?)
}
