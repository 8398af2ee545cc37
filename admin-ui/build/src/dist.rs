//! The folder that the daemon embeds: `index.html`, and `assets/*` under names that change with their content.
//!
//! Nobody ever reads half a page: assets are added first, then `index.html` is put in place by a rename, and only then are
//! the assets of the last build taken away. The stamp goes first and comes last, so an interrupted build is done again.

use crate::compile::Module;
use crate::inputs::Hash;
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The page's file name.
const INDEX: &str = "index.html";
/// What the folder was built from.
const STAMP: &str = ".stamp";
/// What the browser loads before the page shows: half a second at 10 Mbit/s.
const WASM_BROTLI_BYTES_MAX: usize = 600_000;
/// Brotli's best; done once per build.
const BROTLI_QUALITY: u32 = 11;
/// Brotli's largest window that every browser takes (RFC 7932, 16 MiB).
const BROTLI_WINDOW_BITS: u32 = 24;

/// The files as they are in the source tree, and the compiled module.
pub(crate) struct Page {
    index: String,
    boot: String,
    style: Vec<u8>,
    icon: Vec<u8>,
    module: Module,
}

/// One file of the result: its path below the folder, and its content.
pub(crate) struct Asset {
    path: String,
    content: Vec<u8>,
}

impl Page {
    /// Reads the files that are no Rust.
    pub(crate) fn read(folder: &Path, module: Module) -> Result<Self> {
        let read =
            |name: &str| fs::read(folder.join(name)).with_context(|| format!("reading admin-ui/{name}"));
        Ok(Self {
            index: String::from_utf8(read(INDEX)?)?,
            boot: String::from_utf8(read("boot.js")?)?,
            style: read("style.css")?,
            icon: read("icon.svg")?,
            module,
        })
    }

    /// All files under their final names, `index.html` last.
    ///
    /// `{name}` in `index.html` and `boot.js` stands for the hashed name of that asset.
    pub(crate) fn assets(self) -> Vec<Asset> {
        let mut names = Vec::new();
        let mut assets = Vec::new();
        let mut add = |placeholder: &'static str, content: Vec<u8>| {
            let name = hashed_name(placeholder, &content);
            assets.push(Asset { path: format!("assets/{name}"), content });
            names.push((placeholder, name));
            names.clone()
        };
        add("style.css", self.style);
        add("icon.svg", self.icon);
        add("admin_ui.js", self.module.js);
        let known = add("admin_ui.wasm", self.module.wasm);
        let known = add("boot.js", filled(&self.boot, &known).into_bytes());
        assets.push(Asset { path: INDEX.into(), content: filled(&self.index, &known).into_bytes() });
        assets
    }
}

/// `style.css` becomes `style-0123456789abcdef.css`.
fn hashed_name(name: &str, content: &[u8]) -> String {
    let (stem, extension) = name.rsplit_once('.').expect("every asset's name has an extension");
    format!("{stem}-{}.{extension}", Hash::new().with(content).hex())
}

fn filled(template: &str, names: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (placeholder, name) in names {
        text = text.replace(&format!("{{{placeholder}}}"), name);
    }
    text
}

/// Whether the folder was built, in full, from the inputs of that stamp.
pub(crate) fn is_current(dist: &Path, stamp: &str) -> bool {
    dist.join(INDEX).exists() && fs::read_to_string(dist.join(STAMP)).is_ok_and(|found| found == stamp)
}

/// Writes all files; gives each one's path, size, and size in brotli.
pub(crate) fn write(dist: &Path, assets: &[Asset], stamp: &str) -> Result<Vec<(String, usize, usize)>> {
    fs::create_dir_all(dist.join("assets")).with_context(|| format!("making {}", dist.display()))?;
    remove_if_there(&dist.join(STAMP))?;
    let mut written = Vec::new();
    let mut kept = HashSet::new();
    for Asset { path, content } in assets {
        let compressed = brotli(content)?;
        let fits = !path.ends_with(".wasm") || compressed.len() <= WASM_BROTLI_BYTES_MAX;
        ensure!(
            fits,
            "{path} is {} bytes in brotli, over the limit of {WASM_BROTLI_BYTES_MAX}",
            compressed.len()
        );
        let sibling = format!("{path}.br");
        put(&dist.join(&sibling), &compressed)?;
        put(&dist.join(path), content)?;
        written.push((path.clone(), content.len(), compressed.len()));
        kept.extend([dist.join(path), dist.join(sibling)]);
    }
    sweep(&dist.join("assets"), &kept)?;
    put(&dist.join(STAMP), stamp.as_bytes())?;
    Ok(written)
}

/// Puts a whole file in place, or none.
fn put(path: &Path, content: &[u8]) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, content).with_context(|| format!("writing {}", unfinished.display()))?;
    fs::rename(&unfinished, path).with_context(|| format!("putting {} in place", path.display()))
}

/// Takes away what earlier builds left.
fn sweep(folder: &Path, kept: &HashSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !kept.contains(&path) {
            remove_if_there(&path)?;
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: i32::try_from(BROTLI_QUALITY)?,
        lgwin: i32::try_from(BROTLI_WINDOW_BITS)?,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &params)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(style: &str) -> Page {
        Page {
            index: "<link href={style.css}><script src={boot.js}>".into(),
            boot: "import '{admin_ui.js}'; load('{admin_ui.wasm}')".into(),
            style: style.into(),
            icon: b"<svg/>".to_vec(),
            module: Module { wasm: b"\0asm".to_vec(), js: b"export".to_vec() },
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn templates_name_assets_by_their_content() {
        let assets = page("a {}").assets();
        let index = assets.last().unwrap();
        let boot = &assets[assets.len() - 2];
        assert_eq!(index.path, INDEX);
        let html = std::str::from_utf8(&index.content).unwrap();
        let name = boot.path.strip_prefix("assets/").unwrap();
        assert!(name.starts_with("boot-") && name.ends_with(".js") && html.contains(name), "{html}");
        assert!(!html.contains('{') && !std::str::from_utf8(&boot.content).unwrap().contains('{'));
    }

    #[test]
    fn a_new_build_replaces_the_old_and_leaves_nothing_of_it() {
        let dist = tempfile::tempdir().unwrap();
        let dist = dist.path().join("dist");
        write(&dist, &page("old").assets(), "1").unwrap();
        let old = names(&dist.join("assets"));
        assert!(is_current(&dist, "1") && !is_current(&dist, "2"));
        write(&dist, &page("new").assets(), "2").unwrap();
        let new = names(&dist.join("assets"));
        assert!(is_current(&dist, "2") && !is_current(&dist, "1"));
        assert_eq!((old.len(), new.len()), (10, 10), "five assets, each with its brotli sibling");
        assert_eq!(
            old.iter().filter(|name| !new.contains(name)).count(),
            2,
            "the style sheet alone has changed"
        );
        assert_eq!(names(&dist), [".stamp", "assets", "index.html", "index.html.br"]);
    }

    #[test]
    fn brotli_gives_back_what_was_put_in() {
        let content = b"one encode on one timeline".repeat(100);
        let compressed = brotli(&content).unwrap();
        assert!(compressed.len() < content.len() / 10);
        let mut back = Vec::new();
        brotli::BrotliDecompress(&mut &compressed[..], &mut back).unwrap();
        assert_eq!(back, content);
    }
}
