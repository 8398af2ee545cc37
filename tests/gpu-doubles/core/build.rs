//! Binds x264.

use std::path::PathBuf;

/// The build number that x264 writes into the name of a function is of no interest here.
#[derive(Debug)]
struct Unnumbered;

impl bindgen::callbacks::ParseCallbacks for Unnumbered {
    fn item_name(&self, item: bindgen::callbacks::ItemInfo<'_>) -> Option<String> {
        let plain = item.name.trim_end_matches(|c: char| c.is_ascii_digit());
        (plain == "x264_encoder_open_").then(|| "x264_encoder_open".into())
    }
}

fn main() {
    println!("cargo::rerun-if-changed=wrapper.h");
    println!("cargo::rustc-link-lib=x264");
    let bindings = bindgen::Builder::default()
        .header("wrapper.h")
        .allowlist_item("x264_.*|X264_.*|nal_unit_type_e|NAL_.*")
        .prepend_enum_name(false)
        .layout_tests(false)
        .parse_callbacks(Box::new(Unnumbered))
        .generate()
        .expect("libx264-dev and libclang-dev are installed");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    bindings.write_to_file(folder.join("bindings.rs")).expect("cargo's folder can be written");
}
