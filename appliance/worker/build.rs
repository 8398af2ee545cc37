//! Finds libsrt in its GnuTLS flavour, the one that FFmpeg's own libraries would load beside us; and libva.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(error) = pkg_config::Config::new().atleast_version("1.5.0").probe("srt") {
        println!("cargo::error=libsrt was not found: install libsrt-gnutls-dev ({error})");
    }
    if let Err(error) = pkg_config::Config::new().atleast_version("1.0").probe("libva-drm") {
        println!("cargo::error=libva was not found: install libva-dev ({error})");
    }
    if let Err(error) = pkg_config::Config::new().atleast_version("1.0").probe("libva") {
        println!("cargo::error=libva was not found: install libva-dev ({error})");
    }
}
