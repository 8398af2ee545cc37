//! Binds the driver's side of libva.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=wrapper.h");
    let bindings = bindgen::Builder::default()
        .header("wrapper.h")
        .allowlist_item("VA.*")
        .prepend_enum_name(false)
        .layout_tests(false)
        .generate()
        .expect("libva-dev and libclang-dev are installed");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
    bindings.write_to_file(folder.join("bindings.rs")).expect("cargo's folder can be written");
}
