//! Binds the types of the encode API.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=wrapper.h");
    let bindings = bindgen::Builder::default()
        .header("wrapper.h")
        .allowlist_type("_?NV_?ENC.*|GUID")
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate()
        .expect("libffmpeg-nvenc-dev and libclang-dev are installed");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    bindings.write_to_file(folder.join("bindings.rs")).expect("cargo's folder can be written");
}
