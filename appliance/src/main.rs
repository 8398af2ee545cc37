//! Provisional.
use forebay::root::{self, Purpose};
use forebay::settings::{Settings};
fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    forebay::supervise::install_panic_hook();
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "worker" => worker::run(&args[3]),
        "srt-listener" => worker::srt::run(),
        _ => actix_rt::System::new().block_on(root::run(Settings::demo(args[2].clone().into()), Purpose::Demo)),
    }
}
