//! Finds libsrt in its GnuTLS flavour, the one that FFmpeg's own libraries would load beside us.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = pkg_config::Config::new().atleast_version("1.5.0").probe("srt") {
        println!("cargo::error=libsrt was not found: install libsrt-gnutls-dev ({error})");
    }
}
